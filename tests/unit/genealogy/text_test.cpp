#include "genealogy/text.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "genealogy/tree_layout.hpp"
#include "unit/genealogy/families.hpp"

namespace stemma::test {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

TEST(ForestText, DrawsEveryMemberOnce) {
    EXPECT_EQ("\n" + forest_text(family(), names(), {}), R"(
toy: 6 members from 2 roots; best member 5
member   born by           epochs  loss  hyperparameters
├─● 0    sampled              0-6   0.8  lr=0.1 optimizer=sgd to=4
│ ├─● 2  exploit, donor 1     3-6   0.5  lr=0.2 optimizer=sgd to=4
│ ● 3    exploit              3-6   0.4  lr=0.15 optimizer=sgd to=4
│ ★ 5    adoption             6-9  0.25  lr=0.15 optimizer=sgd to=4
└─● 1    sampled              0-3   1.5  lr=0.5 optimizer=sgd to=4
  ● 4    repeat               0-0     -  lr=0.5 optimizer=sgd to=4
)");
}

TEST(ForestText, DrawsInAsciiToo) {
    EXPECT_EQ("\n" + forest_text(family(), names(), {.width = 41, .unicode = false}), R"(
toy: 6 members from 2 roots; best member 5
member   born by           epochs  loss ~
|-o 0    sampled              0-6   0.8 ~
| |-o 2  exploit, donor 1     3-6   0.5 ~
| o 3    exploit              3-6   0.4 ~
| * 5    adoption             6-9  0.25 ~
`-o 1    sampled              0-3   1.5 ~
  o 4    repeat               0-0     - ~
lines are cut; --width 160 shows more
)");
}

TEST(ForestText, SaysHowManyAreLeftOut) {
    std::vector<Relative> members = {root(0.1, {{3, 0.9}})};
    for (std::uint64_t i = 1; i < 30; ++i) members.push_back(child(0, 3, 0.2, {{6, 1.0 / static_cast<double>(i)}}));
    for (std::uint64_t i = 30; i < 40; ++i) members.push_back(root(0.3, {{3, static_cast<double>(i)}}));
    const Genealogy genealogy(std::move(members), false, {29});
    EXPECT_EQ("\n" + forest_text(genealogy, names(), {.width = 60, .lines = 6}), R"(
toy: 40 members from 11 roots; best member 29
member    born by  epochs     loss  hyperparameters
├─● 0     sampled     0-3      0.9  lr=0.1 optimizer=sgd to…
│ ├─● 27  exploit     3-6  0.03704  lr=0.2 optimizer=sgd to…
│ ├─● 28  exploit     3-6  0.03571  lr=0.2 optimizer=sgd to…
│ ├─... 26 more
│ ★ 29    exploit     3-6  0.03448  lr=0.2 optimizer=sgd to…
└─... 10 more
lines are cut; --width 160 shows more
)");
}

TEST(PathText, TheStarHasTheResultAndWhereItWas) {
    const Genealogy genealogy({root(0.1, {{3, 0.9}}), child(0, 3, 0.2, {{6, 0.2}, {9, 0.8}})}, false, {1},
                              Measurement{6, 0.2});
    EXPECT_EQ("\n" + path_text(genealogy, {1}, names(), {}), R"(
toy: 2 members from 1 root; best member 1
member  born by  epochs      loss  hyperparameters
● 0     sampled     0-3       0.9  lr=0.1 optimizer=sgd to=4
★ 1     exploit     3-9  0.2 at 6  lr=0.2 optimizer=sgd to=4
)");
}

TEST(PathText, ShowsSiblingsBesideEachAncestor) {
    EXPECT_EQ("\n" + path_text(family(), {5}, names(), {}), R"(
toy: 6 members from 2 roots; best member 5
member  born by   epochs  loss  hyperparameters
● 0     sampled      0-6   0.8  lr=0.1 optimizer=sgd to=4
│   other roots: 1 (1.5)
● 3     exploit      3-6   0.4  lr=0.15 optimizer=sgd to=4
│   beside it: 2 (0.5)
★ 5     adoption     6-9  0.25  lr=0.15 optimizer=sgd to=4
)");
    EXPECT_EQ("\n" + path_text(family(), {0}, names(), {.unicode = false}), R"(
toy: 6 members from 2 roots; best member 5
member  born by  epochs  loss  hyperparameters
o 0     sampled     0-6   0.8  lr=0.1 optimizer=sgd to=4
    other roots: 1 (1.5)
    children: 3 (0.4), 2 (0.5)
)");
}

TEST(ForestText, LargeForestsFitATerminal) {
    for (const bool deep : {false, true}) {
        const auto genealogy = random_family(deep ? 1 : 2, 100'000, deep);
        const auto lines = lines_of(forest_text(genealogy, names(), {}));
        EXPECT_LE(lines.size(), 104U);
        EXPECT_GE(lines.size(), 60U);
        const auto path = lines_of(path_text(genealogy, {99'999}, names(), {}));
        EXPECT_LE(path.size(), 103U);
        EXPECT_TRUE(std::any_of(lines.begin(), lines.end(),
                                [](const auto& line) { return line.find("more") != std::string::npos; }));
    }
}

TEST(TreeLayout, AllMembersAreDrawnOnceAndTheDrawingStaysNarrow) {
    for (const bool deep : {false, true}) {
        const auto genealogy = random_family(3, 100'000, deep);
        std::vector<bool> seen(genealogy.size(), false);
        std::size_t widest = 0;
        for (const auto& line : layout_forest(genealogy, 0, false)) {
            ASSERT_TRUE(line.member.exists());
            EXPECT_FALSE(seen[line.member.value]);
            seen[line.member.value] = true;
            widest = std::max(widest, line.art.size());
        }
        EXPECT_TRUE(std::find(seen.begin(), seen.end(), false) == seen.end());
        EXPECT_LE(widest, 2U * 19) << "a branch has at most half of the members";
    }
}

TEST(TreeLayout, WhatIsLeftOutAddsUp) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        const auto genealogy = random_family(seed, 3'000, seed % 2 == 0);
        const auto lines = layout_forest(genealogy, 50 + seed, true);
        std::uint64_t members = 0;
        for (const auto& line : lines) members += line.member.exists() ? 1 : line.left_out + line.descendants;
        EXPECT_EQ(members, genealogy.size());
    }
}

}  // namespace
}  // namespace stemma::test
