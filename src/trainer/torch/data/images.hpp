#pragma once
// Data sets of images: Fashion-MNIST and CIFAR-10.

#include "trainer/torch/data/data.hpp"

namespace stemma {

/// Checks that the files named in the settings exist. Throws UserError with the remedy.
void check_fashion_mnist_files(const TorchSettings& settings);
void check_cifar10_files(const TorchSettings& settings);

/// Read and split, on the CPU. Throws UserError.
Data load_fashion_mnist(const TorchSettings& settings);
/// With the means and standard deviations of CIFAR-10's channels, for pixels in [0, 1]. The experiments of arXiv
/// 2110.10461 applied them to pixels of 0 to 255. The authors acknowledge this slip, and it is not copied here.
Data load_cifar10(const TorchSettings& settings);

}  // namespace stemma
