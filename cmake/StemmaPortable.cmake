# Libraries of a program that runs on other distributions (./run --wheel): linked into it, or bundled beside it (the list
# portable_bundled). What it needs at run time is the C library alone; its MPI part also Open MPI (tests/install).

# Distributions have no static library of fmt and spdlog. Their headers are used alone, which takes longer to compile.
find_path(FMT_INCLUDE_DIR fmt/format.h REQUIRED)
find_path(SPDLOG_INCLUDE_DIR spdlog/spdlog.h REQUIRED)
add_library(fmt::fmt INTERFACE IMPORTED GLOBAL)
add_library(spdlog::spdlog INTERFACE IMPORTED GLOBAL)
target_include_directories(fmt::fmt INTERFACE ${FMT_INCLUDE_DIR})
target_include_directories(spdlog::spdlog INTERFACE ${SPDLOG_INCLUDE_DIR})
target_compile_definitions(fmt::fmt INTERFACE FMT_HEADER_ONLY)
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
if(STEMMA_WITH_TORCH)
  find_package(ZLIB REQUIRED)  # its archive is no code for shared libraries, such as the LibTorch part is
else()
  portable_archive(ZLIB::ZLIB libz.a)
endif()
target_include_directories(hdf5::hdf5 INTERFACE ${HDF5_INCLUDE_DIR})
target_link_libraries(hdf5::hdf5 INTERFACE stemma_szip stemma_aec ZLIB::ZLIB Threads::Threads m ${CMAKE_DL_LIBS})

# portable_bundle(FILE): a shared library that is put beside the program's parts, under the name that the loader looks for.
set(portable_bundled)
function(portable_bundle file)
  get_filename_component(file ${file} REALPATH)
  execute_process(COMMAND ${CMAKE_OBJDUMP} -p ${file} OUTPUT_VARIABLE headers)
  string(REGEX MATCH "SONAME +([^\n]+)" soname "${headers}")
  string(STRIP "${CMAKE_MATCH_1}" soname)
  configure_file(${file} ${PROJECT_BINARY_DIR}/bundled/${soname} COPYONLY)
  set(portable_bundled ${portable_bundled} ${PROJECT_BINARY_DIR}/bundled/${soname} PARENT_SCOPE)
endfunction()

# NLopt needs the C library alone. The archives of Boost.MPI are no code for shared libraries, such as the MPI part is.
find_library(NLOPT_SHARED libnlopt.so REQUIRED)
portable_bundle(${NLOPT_SHARED})
if(STEMMA_WITH_MPI)
  foreach(name IN ITEMS boost_mpi boost_serialization)
    find_library(${name}_shared lib${name}.so REQUIRED)
    portable_bundle(${${name}_shared})
  endforeach()
endif()

# The C++ library as well: an older one lacks symbols of this compiler's. libgcc_s is older than all of them, and its
# archive would need a newer C library. Not beside LibTorch, whose exceptions come from the shared one.
if(NOT STEMMA_WITH_TORCH)
  add_link_options(-static-libstdc++)
endif()
