#pragma once
// Where tests of LibTorch's trainings train: tests/gpu/check.sh runs them on a GPU.

#include <cstdlib>
#include <string>

namespace stemma::test {

/// STEMMA_TEST_DEVICE ("cuda", "xpu:0", ...), or "cpu" where it is not set.
inline std::string test_device() {
    const char* const named = std::getenv("STEMMA_TEST_DEVICE");
    return named == nullptr ? "cpu" : named;
}

}  // namespace stemma::test
