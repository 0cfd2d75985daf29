#include "trainer/error_text.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

namespace stemma {
namespace {

/// The same table is read by tests/analysis/test_failures.py.
TEST(ErrorText, SaysWhatLibrariesMeanByIt) {
    std::ifstream table(STEMMA_TEST_DATA "/training_errors.tsv");
    std::map<std::string, int> seen;
    for (std::string line; std::getline(table, line);) {
        if (line.starts_with("#")) continue;
        const auto first = line.find('\t'), second = line.find('\t', first + 1);
        ASSERT_NE(second, std::string::npos) << line;
        const auto kind = line.substr(0, first), text = line.substr(second + 1);
        EXPECT_EQ(name_of(kind_of_text(text)), kind) << text;
        ++seen[kind];
    }
    EXPECT_GT(seen["out_of_memory"], 15);
    EXPECT_GT(seen["device"], 10);
    EXPECT_GT(seen["exception"], 5);
    EXPECT_EQ(seen.size(), 3U);
}

}  // namespace
}  // namespace stemma
