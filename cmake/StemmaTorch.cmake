# LibTorch, in this order: the wheel named by STEMMA_TORCH_WHEEL, a wheel's folder in CMAKE_PREFIX_PATH, the system's.
# In each case TORCH_LIBRARIES, TORCH_INCLUDE_DIRS and TORCH_CXX_FLAGS are set as find_package(Torch) does.
#
# A wheel is not read through its own TorchConfig.cmake. That file searches libc10 by name and finds the system's, so
# that the program aborts at its start. It also demands a CUDA compiler, which no file here needs. Installed beside
# StemmaConfig.cmake.

# stemma_use_torch_wheel(<folder>): the imported target stemma_torch_wheel.
function(stemma_use_torch_wheel root)
  foreach(needed IN ITEMS include/torch/csrc/api/include/torch/torch.h lib/libtorch_cpu.so lib/libc10.so)
    if(NOT EXISTS ${root}/${needed})
      message(FATAL_ERROR "STEMMA_TORCH_WHEEL=${root} is not the torch folder of a PyTorch wheel: no ${needed} in it.\n"
                          "Print the folder with: python3 -c 'import torch, os; print(os.path.dirname(torch.__file__))'")
    endif()
  endforeach()

  # CUDA, cuDNN, NCCL, ... lie in wheels of their own beside torch: site-packages/nvidia/<name>/{lib,include}.
  cmake_path(GET root PARENT_PATH site_packages)
  file(GLOB nvidia_libraries ${site_packages}/nvidia/*/lib)
  file(GLOB nvidia_headers ${site_packages}/nvidia/*/include)

  add_library(stemma_torch_wheel INTERFACE IMPORTED GLOBAL)  # imported: its folder is not ours to install
  target_include_directories(stemma_torch_wheel SYSTEM INTERFACE ${root}/include ${root}/include/torch/csrc/api/include)
  target_link_libraries(stemma_torch_wheel INTERFACE Threads::Threads)
  if(EXISTS ${root}/lib/libtorch_cuda.so AND nvidia_headers MATCHES "/include")
    # For c10/cuda/*.h, which include the CUDA runtime's headers; no CUDA compiler is needed.
    target_include_directories(stemma_torch_wheel SYSTEM INTERFACE ${nvidia_headers})
    target_compile_definitions(stemma_torch_wheel INTERFACE STEMMA_TORCH_CUDA=1)
    file(GLOB cudart ${site_packages}/nvidia/*/lib/libcudart.so.*)
    target_link_libraries(stemma_torch_wheel INTERFACE ${cudart})
  endif()
  # Nothing refers to the CUDA half by symbol: without --no-as-needed the linker drops it and no GPU is ever found.
  target_link_options(stemma_torch_wheel INTERFACE LINKER:--no-as-needed)
  foreach(name IN ITEMS torch torch_cpu c10 torch_cuda c10_cuda)
    if(EXISTS ${root}/lib/lib${name}.so)
      target_link_libraries(stemma_torch_wheel INTERFACE ${root}/lib/lib${name}.so)
    endif()
  endforeach()
  foreach(folder IN LISTS nvidia_libraries ITEMS ${root}/lib)
    target_link_options(stemma_torch_wheel INTERFACE LINKER:-rpath-link,${folder} LINKER:-rpath,${folder})
  endforeach()

  set(TORCH_LIBRARIES stemma_torch_wheel PARENT_SCOPE)
  set(TORCH_INCLUDE_DIRS ${root}/include ${root}/include/torch/csrc/api/include PARENT_SCOPE)
  set(TORCH_CXX_FLAGS "" PARENT_SCOPE)  # the C++11 ABI is the default of g++ and of the wheels since 2.6
  set(Torch_FOUND TRUE PARENT_SCOPE)
endfunction()

set(torch_wheel ${STEMMA_TORCH_WHEEL})
foreach(prefix IN LISTS CMAKE_PREFIX_PATH)
  # /usr has no such file; the folders "torch" and "torch/share/cmake" of a wheel are both in use as prefix.
  foreach(candidate IN ITEMS ${prefix} ${prefix}/../..)
    if(NOT torch_wheel AND EXISTS ${candidate}/version.py AND EXISTS ${candidate}/lib/libtorch_cpu.so)
      get_filename_component(torch_wheel ${candidate} REALPATH)
    endif()
  endforeach()
endforeach()

if(torch_wheel)
  message(STATUS "LibTorch: the PyTorch wheel in ${torch_wheel}")
  stemma_use_torch_wheel(${torch_wheel})
else()
  find_package(Torch REQUIRED)
endif()
