# fairlead_room(NAME deliver USES core store … [SOURCES extra.cpp] [LIBRARIES …] [PLAIN]): a room is a folder, and its static
# library holds every .cpp that lies in it. PLAIN rooms (core, domain, crypto) see neither Asio nor the precompiled header.
function(fairlead_room)
  cmake_parse_arguments(ROOM "PLAIN" "NAME" "SOURCES;USES;LIBRARIES" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  add_library(fairlead_${ROOM_NAME} STATIC ${sources} ${ROOM_SOURCES})
  target_include_directories(fairlead_${ROOM_NAME} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  foreach(used ${ROOM_USES})
    target_link_libraries(fairlead_${ROOM_NAME} PUBLIC fairlead_${used})
  endforeach()
  target_link_libraries(fairlead_${ROOM_NAME} PUBLIC ${ROOM_LIBRARIES})
  if(NOT ROOM_PLAIN)
    fairlead_precompiled(fairlead_${ROOM_NAME})
  endif()
endfunction()

# Uses the one precompiled header of the project.
function(fairlead_precompiled target)
  target_link_libraries(${target} PUBLIC fairlead_base)
  target_precompile_headers(${target} REUSE_FROM fairlead_base)
endfunction()
