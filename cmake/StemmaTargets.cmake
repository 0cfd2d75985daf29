# One static library a folder of src/, and one test program a folder of tests/unit. Arrows between folders are the
# DEPENDS lists here; tests/layering checks the #include lines against them.

# stemma_library(NAME core DEPENDS a b LIBRARIES X::x SOURCES ...)
# HEADERS_ONLY for a folder without sources.
function(stemma_library)
  cmake_parse_arguments(ARG "HEADERS_ONLY" "NAME" "SOURCES;DEPENDS;LIBRARIES;PRIVATE_LIBRARIES" ${ARGN})
  if(ARG_HEADERS_ONLY)
    add_library(stemma_${ARG_NAME} INTERFACE)
    set(scope INTERFACE)
  else()
    add_library(stemma_${ARG_NAME} STATIC ${ARG_SOURCES})
    set(scope PUBLIC)
    target_link_libraries(stemma_${ARG_NAME} PRIVATE $<BUILD_INTERFACE:stemma_warnings> ${ARG_PRIVATE_LIBRARIES})
    set_target_properties(stemma_${ARG_NAME} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  endif()
  set_property(GLOBAL APPEND PROPERTY STEMMA_LIBRARIES stemma_${ARG_NAME})
  target_include_directories(stemma_${ARG_NAME} ${scope} $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
                             $<INSTALL_INTERFACE:include/stemma> $<INSTALL_INTERFACE:include>)
  target_compile_features(stemma_${ARG_NAME} ${scope} cxx_std_20)
  foreach(folder IN LISTS ARG_DEPENDS)
    target_link_libraries(stemma_${ARG_NAME} ${scope} stemma_${folder})
  endforeach()
  target_link_libraries(stemma_${ARG_NAME} ${scope} ${ARG_LIBRARIES})
endfunction()

# stemma_part(NAME torch SOURCES part.cpp DEPENDS torch_trainer): libstemma_torch.so, which the program loads when it needs it
# (src/platform/part.hpp).
function(stemma_part)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;DEPENDS" ${ARGN})
  add_library(stemma_${ARG_NAME} MODULE ${ARG_SOURCES})
  set_property(GLOBAL APPEND PROPERTY STEMMA_PARTS stemma_${ARG_NAME})
  target_compile_definitions(stemma_${ARG_NAME} PRIVATE STEMMA_VERSION="${STEMMA_VERSION}")
  target_link_libraries(stemma_${ARG_NAME} PRIVATE stemma_warnings)
  foreach(folder IN LISTS ARG_DEPENDS)
    target_link_libraries(stemma_${ARG_NAME} PRIVATE stemma_${folder})
  endforeach()
  set_target_properties(stemma_${ARG_NAME} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endfunction()

# stemma_test(NAME unit_core SOURCES ... DEPENDS core [TIMEOUT s] [LABELS ...]): a GoogleTest program, one CTest entry a case.
function(stemma_test)
  cmake_parse_arguments(ARG "ONE_ENTRY" "NAME;TIMEOUT" "SOURCES;DEPENDS;LIBRARIES;LABELS;ENVIRONMENT" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  add_dependencies(stemma_tests ${ARG_NAME})
  target_include_directories(${ARG_NAME} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  # What is tested is optimized, and has every check of UBSan; in the tests themselves these take half of the time to compile.
  if(NOT STEMMA_SANITIZE)
    target_compile_options(${ARG_NAME} PRIVATE $<$<CONFIG:Release>:-O1>)
  elseif(STEMMA_SANITIZE MATCHES undefined)
    target_compile_options(${ARG_NAME} PRIVATE -fno-sanitize=null,alignment,object-size,vptr)
  endif()
  target_compile_definitions(${ARG_NAME} PRIVATE STEMMA_TEST_DATA="${STEMMA_TEST_DATA}")
  foreach(folder IN LISTS ARG_DEPENDS)
    target_link_libraries(${ARG_NAME} PRIVATE stemma_${folder})
  endforeach()
  target_link_libraries(${ARG_NAME} PRIVATE stemma_warnings ${ARG_LIBRARIES} GTest::gmock GTest::gtest GTest::gtest_main)
  if(ARG_ONE_ENTRY)
    add_test(NAME ${ARG_NAME} COMMAND ${ARG_NAME})
    set_tests_properties(${ARG_NAME} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}" ENVIRONMENT "${ARG_ENVIRONMENT}")
  else()
    # gtest_discover_tests() drops empty values, and would take the next name for one.
    set(properties TIMEOUT ${ARG_TIMEOUT})
    foreach(property IN ITEMS LABELS ENVIRONMENT)
      if(ARG_${property})
        list(APPEND properties ${property} "${ARG_${property}}")
      endif()
    endforeach()
    gtest_discover_tests(${ARG_NAME} DISCOVERY_TIMEOUT 60 TEST_PREFIX "${ARG_NAME}." PROPERTIES ${properties})
  endif()
endfunction()

# stemma_benchmark(NAME bench_manager SOURCES ... DEPENDS manager [LIBRARIES benchmark::benchmark_main]): a program that
# measures. Part of `all` so that it keeps compiling; never a test. Links Google Benchmark; has its own main() unless
# benchmark::benchmark_main is among LIBRARIES.
function(stemma_benchmark)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  if(NOT STEMMA_BENCHMARKS)
    return()
  endif()
  add_executable(${ARG_NAME} ${ARG_SOURCES})
  target_include_directories(${ARG_NAME} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  foreach(folder IN LISTS ARG_DEPENDS)
    target_link_libraries(${ARG_NAME} PRIVATE stemma_${folder})
  endforeach()
  target_link_libraries(${ARG_NAME} PRIVATE stemma_warnings ${ARG_LIBRARIES} benchmark::benchmark)
endfunction()

# STEMMA_VERSION and STEMMA_GIT_HASH for the files of a folder that use them, known at configure time; a tree without git says so. Only
# for these files: else each commit would rebuild the whole program.
function(stemma_defines_version)
  execute_process(COMMAND git -C ${PROJECT_SOURCE_DIR} rev-parse --short=12 HEAD OUTPUT_VARIABLE git_hash
                  OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT git_hash)
    set(git_hash "no git")
  endif()
  set_source_files_properties(${ARGN} PROPERTIES
    COMPILE_DEFINITIONS "STEMMA_VERSION=\"${STEMMA_VERSION}\";STEMMA_GIT_HASH=\"${git_hash}\"")
endfunction()
