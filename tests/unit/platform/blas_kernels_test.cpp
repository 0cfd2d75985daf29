#include "platform/blas_kernels.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace stemma {
namespace {

constexpr ProcessorFeatures old{}, avx2{.avx2 = true}, avx512{.avx2 = true, .avx512 = true};

TEST(BlasKernels, AProcessorThatOpenBlasDoesNotKnowTakesTheKernelsThatItCanRun) {
    EXPECT_EQ(better_blas_kernels("Prescott", avx512), "SkylakeX");
    EXPECT_EQ(better_blas_kernels("Prescott", avx2), "Haswell");
    EXPECT_EQ(better_blas_kernels("Sandybridge", avx2), "Haswell");
    EXPECT_EQ(better_blas_kernels("Barcelona", avx2), "Haswell");
}

TEST(BlasKernels, WhatOpenBlasKnowsItChoosesItself) {
    for (const auto* name : {"Haswell", "Zen", "SkylakeX", "Cooperlake", "SapphireRapids", "a name of next year", ""}) {
        EXPECT_EQ(better_blas_kernels(name, avx512), std::nullopt) << name;
    }
}

TEST(BlasKernels, AnOldProcessorKeepsItsKernels) {
    EXPECT_EQ(better_blas_kernels("Prescott", old), std::nullopt);
    EXPECT_EQ(better_blas_kernels("Nehalem", old), std::nullopt);
}

TEST(BlasKernels, TheChoiceIsInTheEnvironmentOnlyWhileItIsNeeded) {
    ::unsetenv("OPENBLAS_CORETYPE");
    {
        const BlasKernelChoice choice;
        const char* const value = std::getenv("OPENBLAS_CORETYPE");
        EXPECT_EQ(value == nullptr ? std::nullopt : std::optional<std::string>(value), choice.chosen());
    }
    EXPECT_EQ(std::getenv("OPENBLAS_CORETYPE"), nullptr);
}

TEST(BlasKernels, TheUsersChoiceStays) {
    ::setenv("OPENBLAS_CORETYPE", "Nehalem", 1);
    {
        const BlasKernelChoice choice;
        EXPECT_EQ(choice.chosen(), std::nullopt);
    }
    EXPECT_STREQ(std::getenv("OPENBLAS_CORETYPE"), "Nehalem");
    ::unsetenv("OPENBLAS_CORETYPE");
}

}  // namespace
}  // namespace stemma
