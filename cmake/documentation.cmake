# The API's document and its reference, made a part of the control plane: docs/openapi.yaml becomes /openapi.json, and web/ the
# page at /docs with its reader, a package that npm brings. Nothing is fetched when the program runs.
find_program(FAIRLEAD_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH REQUIRED)
execute_process(COMMAND ${FAIRLEAD_PYTHON} -c "import yaml" RESULT_VARIABLE no_yaml ERROR_QUIET)
if(no_yaml)
  message(FATAL_ERROR "${FAIRLEAD_PYTHON} has no yaml module, which makes /openapi.json: install python3-yaml")
endif()
find_program(FAIRLEAD_NPM npm)

set(web ${CMAKE_SOURCE_DIR}/web)
set(documentation_dir ${CMAKE_BINARY_DIR}/documentation)
if(FAIRLEAD_NPM)
  set(reader ${CMAKE_BINARY_DIR}/web/node_modules/rapidoc/dist/rapidoc-min.js)
  add_custom_command(
    OUTPUT ${reader}
    COMMAND ${CMAKE_COMMAND} -E copy ${web}/package.json ${web}/package-lock.json ${CMAKE_BINARY_DIR}/web/
    COMMAND ${CMAKE_COMMAND} -E chdir ${CMAKE_BINARY_DIR}/web ${FAIRLEAD_NPM} ci --ignore-scripts --no-audit --no-fund --loglevel=error
    COMMAND ${CMAKE_COMMAND} -E touch ${reader}
    DEPENDS ${web}/package.json ${web}/package-lock.json
    COMMENT "npm ci: the reader of the API reference"
    VERBATIM)
else()
  set(reader "")
  message(WARNING "npm is missing: the program is built without the reader of /docs; its page will say so (install npm)")
endif()
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/web)

add_custom_command(
  OUTPUT ${documentation_dir}/documentation_bytes.cpp
  BYPRODUCTS ${documentation_dir}/openapi.json.gz
  COMMAND ${FAIRLEAD_PYTHON} ${CMAKE_SOURCE_DIR}/cmake/embed_documentation.py ${documentation_dir}
          ${CMAKE_SOURCE_DIR}/docs/openapi.yaml ${web}/docs ${reader}
  DEPENDS ${CMAKE_SOURCE_DIR}/cmake/embed_documentation.py ${CMAKE_SOURCE_DIR}/docs/openapi.yaml ${web}/docs/index.html
          ${web}/docs/docs.css ${web}/docs/docs.js ${reader}
  COMMENT "the API's document and its reference"
  VERBATIM)

# fairlead_documentation(TARGET): compiles them into a target. The bytes come in by .incbin, which no compiler cache looks
# into: the compiler is called each time they change.
function(fairlead_documentation target)
  target_sources(${target} PRIVATE ${documentation_dir}/documentation_bytes.cpp)
  set_source_files_properties(${documentation_dir}/documentation_bytes.cpp PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
endfunction()
