"""Makes the C++ file that holds the API's document and its reference: docs/openapi.yaml as JSON, and the reader's files.

embed_documentation.py OUT_DIR OPENAPI_YAML WEB_DOCS_DIR [READER_JS]: everything is compressed once, here; the program sends it as
it is. Without READER_JS the reference is a page that says what is missing.
"""

import datetime
import gzip
import hashlib
import json
import sys
from pathlib import Path

import yaml

NO_READER = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Fairlead API</title></head>
<body><p>This program was built without npm, and so without the reader of the reference.
The document is at <a href="/openapi.json">/openapi.json</a>.</p></body></html>
"""


def plain(value):
    """YAML reads unquoted dates as dates; JSON has texts."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value.isoformat() if isinstance(value, (datetime.date, datetime.datetime)) else value


def main(out, openapi, web, reader=None):
    out, web = Path(out), Path(web)
    document = plain(yaml.safe_load(Path(openapi).read_text("utf-8")))
    files = [("openapi.json", "application/json", json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())]
    if reader:
        files += [("index.html", "text/html; charset=utf-8", (web / "index.html").read_bytes()),
                  ("docs.css", "text/css; charset=utf-8", (web / "docs.css").read_bytes()),
                  ("docs.js", "text/javascript; charset=utf-8", (web / "docs.js").read_bytes()),
                  ("reader.js", "text/javascript; charset=utf-8", Path(reader).read_bytes())]
    else:
        files += [("index.html", "text/html; charset=utf-8", NO_READER)]
    out.mkdir(parents=True, exist_ok=True)
    assembly, names, rows = [], [], []
    for index, (name, kind, content) in enumerate(files):
        packed = out / (name + ".gz")
        packed.write_bytes(gzip.compress(content, mtime=0))
        symbol = f"fairlead_file_{index}"
        assembly.append(f'{symbol}:\n.incbin "{packed}"\n{symbol}_end:\n')
        names.append(f"extern const char {symbol}[];\nextern const char {symbol}_end[];\n")
        rows.append(f'      {{"{name}", "{kind}", "\\"{hashlib.sha256(content).hexdigest()[:32]}\\"", {len(content)},\n'
                    f'       {{{symbol}, static_cast<std::size_t>({symbol}_end - {symbol})}}}},\n')
    (out / "documentation_bytes.cpp").write_text(
        '#include "control_plane/http/embedded_files.hpp"\n\n'
        'asm(R"(.pushsection .rodata,"a",@progbits\n' + "".join(assembly) + '.popsection\n)");\n\nextern "C" {\n' + "".join(names) +
        "}\n\nnamespace fairlead::control {\n\nstd::span<const EmbeddedFile> embedded_files() {\n"
        "  static const EmbeddedFile files[] = {\n" + "".join(rows) + "  };\n  return files;\n}\n\n}  // namespace fairlead::control\n")


main(*sys.argv[1:])
