# stemma_mpi_test(NAME mpi_endpoint RANKS 2 3 5 SOURCES ... DEPENDS ... [TIMEOUT s] [ENVIRONMENT ...] [LARGE Pattern])
#
# A GoogleTest program with the main() of mpi_main.cpp. It has one CTest entry for each number of ranks, labeled mpi and
# sizeN. LARGE: cases that have "Pattern" in their name are an entry of their own, mpi_endpoint.Pattern.N. ./test leaves
# these entries out.
#
# Settings of Open MPI on one machine: more ranks than cores, root in containers, the loopback interface only. Also no
# cross-memory attach, which containers often forbid: it then warns or fails at the first large message.
set(STEMMA_MPI_TEST_ENVIRONMENT OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_btl=vader,self
    OMPI_MCA_btl_vader_single_copy_mechanism=none OMPI_MCA_btl_tcp_if_include=lo OMPI_MCA_oob_tcp_if_include=lo
    OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none OMP_NUM_THREADS=1)

function(stemma_mpi_test)
  cmake_parse_arguments(ARG "" "NAME;TIMEOUT;LARGE" "SOURCES;DEPENDS;LIBRARIES;RANKS;ENVIRONMENT" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${ARG_NAME} ${ARG_SOURCES} ${PROJECT_SOURCE_DIR}/tests/mpi/mpi_main.cpp)
  target_include_directories(${ARG_NAME} PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
  foreach(folder IN LISTS ARG_DEPENDS ITEMS transport_mpi)
    target_link_libraries(${ARG_NAME} PRIVATE stemma_${folder})
  endforeach()
  target_link_libraries(${ARG_NAME} PRIVATE stemma_warnings ${ARG_LIBRARIES} MPI::MPI_CXX GTest::gmock GTest::gtest)
  set(entries ${ARG_NAME})
  set(${ARG_NAME}_filter "*")
  if(ARG_LARGE)
    list(APPEND entries ${ARG_NAME}.${ARG_LARGE})
    set(${ARG_NAME}_filter "-*${ARG_LARGE}*")
    set(${ARG_NAME}.${ARG_LARGE}_filter "*${ARG_LARGE}*")
  endif()
  foreach(entry IN LISTS entries)
    foreach(ranks IN LISTS ARG_RANKS)
      add_test(NAME ${entry}.${ranks}
               COMMAND ${MPIEXEC_EXECUTABLE} --oversubscribe ${MPIEXEC_NUMPROC_FLAG} ${ranks} $<TARGET_FILE:${ARG_NAME}>)
      set_tests_properties(${entry}.${ranks} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "mpi;size${ranks}" PROCESSORS ${ranks}
                           ENVIRONMENT "${STEMMA_MPI_TEST_ENVIRONMENT};GTEST_FILTER=${${entry}_filter};${ARG_ENVIRONMENT}")
    endforeach()
  endforeach()
endfunction()
