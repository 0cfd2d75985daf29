#pragma once
// Kernels of OpenBLAS for a processor that the installed OpenBLAS does not know. OpenBLAS 0.3.21 (Debian 12) then takes
// kernels of 2004 without AVX, for example on Xeons of the 5th generation. docs/benchmarks.md has what that costs.

#include <optional>
#include <string>

namespace stemma {

struct ProcessorFeatures {
    bool avx2 = false;    ///< with FMA: what OpenBLAS's kernels "Haswell" need
    bool avx512 = false;  ///< F, CD, BW, DQ and VL: what its kernels "SkylakeX" need
};

/// Of the processor below, as the operating system allows them. All false where it is no x86.
ProcessorFeatures processor_features();

/// The kernels (a value of OPENBLAS_CORETYPE) to take in place of `taken`, a name by openblas_get_corename(). Nothing
/// where `taken` is for a processor with AVX2, or a name that is not known here, or where the processor has no AVX2.
std::optional<std::string> better_blas_kernels(const std::string& taken, const ProcessorFeatures& features);

/// Sets OPENBLAS_CORETYPE while it lives, for an OpenBLAS that is loaded meanwhile. OpenBLAS reads the variable once,
/// when it is loaded. So programs that are started later do not see it. Does nothing where the user has set the
/// variable, where OpenBLAS is loaded already or is not installed, and where OpenBLAS's own choice is good. Loads and
/// unloads OpenBLAS to ask for its choice: some milliseconds. Not while other threads read the environment.
class BlasKernelChoice {
public:
    BlasKernelChoice();
    ~BlasKernelChoice();
    BlasKernelChoice(const BlasKernelChoice&) = delete;
    BlasKernelChoice& operator=(const BlasKernelChoice&) = delete;

    const std::optional<std::string>& chosen() const { return chosen_; }

private:
    std::optional<std::string> chosen_;
};

}  // namespace stemma
