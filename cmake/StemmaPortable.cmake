# Libraries of a program that runs on other distributions (./run --wheel): linked into it, or bundled beside it (the list
# portable_bundled). What it needs at run time is the C library alone; its MPI part also Open MPI (tests/install).

# Header-only: distributions have no static library of these two.
find_path(FMT_INCLUDE_DIR fmt/format.h REQUIRED)
add_library(fmt::fmt INTERFACE IMPORTED GLOBAL)
target_include_directories(fmt::fmt INTERFACE ${FMT_INCLUDE_DIR})
target_compile_definitions(fmt::fmt INTERFACE FMT_HEADER_ONLY)
find_path(SPDLOG_INCLUDE_DIR spdlog/spdlog.h REQUIRED)
add_library(spdlog::spdlog INTERFACE IMPORTED GLOBAL)
target_include_directories(spdlog::spdlog INTERFACE ${SPDLOG_INCLUDE_DIR})
target_compile_definitions(spdlog::spdlog INTERFACE SPDLOG_FMT_EXTERNAL)
target_link_libraries(spdlog::spdlog INTERFACE fmt::fmt)

# portable_archive(TARGET FILE [HINTS ...]): a static library as an imported target.
function(portable_archive target file)
  find_library(${target}_archive ${file} REQUIRED PATHS ${ARGN})
  if(NOT TARGET ${target})
    add_library(${target} STATIC IMPORTED GLOBAL)
  endif()
  set_target_properties(${target} PROPERTIES IMPORTED_LOCATION ${${target}_archive})
endfunction()

# The archive, not the shared library, of which distributions make one that needs curl and Kerberos (HDF5's ros3 driver,
# which nothing here refers to).
set(hdf5_folders /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/hdf5/serial)
find_path(HDF5_INCLUDE_DIR hdf5.h REQUIRED PATHS /usr/include/hdf5/serial)
portable_archive(hdf5::hdf5 libhdf5.a ${hdf5_folders})
portable_archive(stemma_szip libsz.a)
portable_archive(stemma_aec libaec.a)
portable_archive(ZLIB::ZLIB libz.a)
target_include_directories(hdf5::hdf5 INTERFACE ${HDF5_INCLUDE_DIR})
target_link_libraries(hdf5::hdf5 INTERFACE stemma_szip stemma_aec ZLIB::ZLIB Threads::Threads m ${CMAKE_DL_LIBS})

# NLopt needs the C library alone.
find_library(NLOPT_SHARED libnlopt.so REQUIRED)
get_filename_component(nlopt_file ${NLOPT_SHARED} REALPATH)
execute_process(COMMAND ${CMAKE_OBJDUMP} -p ${nlopt_file} OUTPUT_VARIABLE nlopt_headers)
string(REGEX MATCH "SONAME +([^\n]+)" nlopt_soname "${nlopt_headers}")
string(STRIP "${CMAKE_MATCH_1}" nlopt_soname)
configure_file(${nlopt_file} ${PROJECT_BINARY_DIR}/bundled/${nlopt_soname} COPYONLY)
set(portable_bundled ${PROJECT_BINARY_DIR}/bundled/${nlopt_soname})

set(Boost_USE_STATIC_LIBS ON)
# The C++ library as well: an older one lacks symbols of this compiler's. libgcc_s is older than all of them, and its
# archive would need a newer C library.
add_link_options(-static-libstdc++)
