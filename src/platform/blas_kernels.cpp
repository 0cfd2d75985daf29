#include "platform/blas_kernels.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

namespace stemma {

namespace {

constexpr auto variable = "OPENBLAS_CORETYPE";
constexpr auto library = "libopenblas.so.0";

/// The kernels that an OpenBLAS takes by itself. Empty: not installed, or in use already.
std::string own_choice() {
    if (::dlopen(library, RTLD_NOW | RTLD_NOLOAD) != nullptr) return {};
    void* const handle = ::dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) return {};
    const auto name = reinterpret_cast<const char* (*)()>(::dlsym(handle, "openblas_get_corename"));
    std::string taken = name == nullptr ? "" : name();
    ::dlclose(handle);
    return taken;
}

}  // namespace

ProcessorFeatures processor_features() {
#if defined(__x86_64__)
    return {.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"),
            .avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd") &&
                      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                      __builtin_cpu_supports("avx512vl")};
#else
    return {};
#endif
}

std::optional<std::string> better_blas_kernels(const std::string& taken, const ProcessorFeatures& features) {
    // OpenBLAS's names of processors without AVX2 (its driver/others/dynamic.c).
    static constexpr std::array<std::string_view, 19> old{
        "Katmai", "Coppermine",  "Northwood", "Prescott",  "Banias",    "Atom",         "Core2",
        "Penryn", "Dunnington",  "Nehalem",   "Athlon",    "Opteron",   "Opteron_SSE3", "Barcelona",
        "Nano",   "Sandybridge", "Bobcat",    "Bulldozer", "Piledriver"};
    if (!features.avx2 || std::ranges::find(old, taken) == old.end()) return {};
    return features.avx512 ? "SkylakeX" : "Haswell";
}

BlasKernelChoice::BlasKernelChoice() {
    if (std::getenv(variable) != nullptr) return;
    chosen_ = better_blas_kernels(own_choice(), processor_features());
    if (chosen_) ::setenv(variable, chosen_->c_str(), 1);
}

BlasKernelChoice::~BlasKernelChoice() {
    if (chosen_) ::unsetenv(variable);
}

}  // namespace stemma
