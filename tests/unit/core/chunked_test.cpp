#include "core/chunked.hpp"

#include <gtest/gtest.h>

#include <string>

namespace stemma {
namespace {

TEST(Chunked, KeepsWhatWasAppendedInOrder) {
    Chunked<std::string> items;
    EXPECT_EQ(items.size(), 0U);
    EXPECT_EQ(items.memory_bytes(), 0U);
    for (int i = 0; i < 3000; ++i) EXPECT_EQ(items.push_back(std::to_string(i)), std::to_string(i));
    ASSERT_EQ(items.size(), 3000U);
    for (std::size_t i = 0; i < 3000; ++i) ASSERT_EQ(items[i], std::to_string(i));
}

TEST(Chunked, ReferencesStayValid) {
    Chunked<int> items;
    auto& first = items.push_back(7);
    for (int i = 0; i < 10'000; ++i) items.push_back(i);
    EXPECT_EQ(&first, &items[0]);
    EXPECT_EQ(first, 7);
}

TEST(Chunked, LessThanAChunkIsUnused) {
    Chunked<std::uint64_t> items;
    constexpr std::size_t count = 100'000;
    for (std::size_t i = 0; i < count; ++i) items.push_back(i);
    EXPECT_GE(items.memory_bytes(), count * sizeof(std::uint64_t));
    EXPECT_LE(items.memory_bytes(), (count + Chunked<int>::chunk) * sizeof(std::uint64_t) + 8 * count / 100);
}

}  // namespace
}  // namespace stemma
