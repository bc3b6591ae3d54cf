// Gives the reference the colours that the reader's system asks for and the layout that the window has room for, and follows
// when they change.
const reader = document.getElementById("reader");
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const narrow = window.matchMedia("(max-width: 800px)");

const palettes = {
  light: { theme: "light", "bg-color": "#ffffff", "text-color": "#1f2430", "primary-color": "#0b5fb0", "nav-bg-color": "#f3f5f9",
    "nav-text-color": "#333b4d", "nav-hover-bg-color": "#e3e8f1", "nav-hover-text-color": "#0b5fb0", "nav-accent-color": "#0b5fb0" },
  dark: { theme: "dark", "bg-color": "#14171f", "text-color": "#dfe3ec", "primary-color": "#7db3ff", "nav-bg-color": "#1a1e29",
    "nav-text-color": "#c3cad8", "nav-hover-bg-color": "#262c3b", "nav-hover-text-color": "#a9ccff", "nav-accent-color": "#7db3ff" },
};

function paint() {
  for (const [name, value] of Object.entries(palettes[dark.matches ? "dark" : "light"])) reader.setAttribute(name, value);
}

// The list of operations beside the text, or, without room for it, everything below one another, to be opened one by one.
function lay() {
  reader.setAttribute("render-style", narrow.matches ? "view" : "focused");
}

dark.addEventListener("change", paint);
narrow.addEventListener("change", lay);
paint();
lay();
