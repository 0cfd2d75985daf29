#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "app/job/job.hpp"
#include "app/job/tables.hpp"

namespace stemma {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Reference, CheckedInPageIsTheTables) {
    std::ifstream in(STEMMA_DOCS "/job-reference.md");
    const std::string page{std::istreambuf_iterator<char>(in), {}};

    // After a change of the tables: build/stemma check --explain markdown > docs/job-reference.md
    EXPECT_EQ(page, reference_markdown());
}

TEST(Reference, EveryKeyIsExplainedByItsPath) {
    for (const auto& section : sections()) {
        auto name = section.path;
        if (const auto at = name.find(".NAME"); at != std::string::npos) name.resize(at);
        EXPECT_THAT(explain(name), HasSubstr(section.path));
        for (const auto& variant : section.variants)
            EXPECT_THAT(explain(name + "." + variant.name), HasSubstr(variant.meaning.substr(0, 10)));
        for (const auto& key : section.keys) EXPECT_THAT(explain(name + "." + key.name), HasSubstr(key.name)) << name;
    }
}

TEST(Reference, ATypesReferenceHasItsKeysOnly) {
    EXPECT_THAT(explain("scheduler.asha"),
                AllOf(HasSubstr("  eta = "), HasSubstr("early_stopping_rate"), Not(HasSubstr("  members = "))));
    EXPECT_THAT(explain("trainer.toy"), AllOf(HasSubstr("  surface = "), Not(HasSubstr("  lr = "))));
}

TEST(Reference, PopulationsAndSchedulesHaveExamplesOfTheirOwn) {
    for (const auto* type : {"pbt", "gpbt", "schedule"})
        EXPECT_THAT(explain(std::string("scheduler.") + type),
                    HasSubstr(std::string("example:\n[scheduler]\ntype = \"") + type + "\""));
    EXPECT_THAT(explain("scheduler.asha"), HasSubstr("example:\n[scheduler]\ntype = \"asha\""));
    EXPECT_THAT(explain("scheduler.periods"), HasSubstr("periods = a list of integers in 1 .. 1000000 with"));
    EXPECT_THAT(explain("sampler.factors"), HasSubstr("factors = a list of numbers > 0 and < 1000000 with"));
}

TEST(Reference, TheOverviewNamesEverySection) {
    for (const auto& section : sections()) EXPECT_THAT(explain(""), HasSubstr("[" + section.path + "]"));
}

TEST(Reference, UnknownPathsAreMistakes) {
    try {
        explain("scheduler.ahsa");
        FAIL() << "it is no path";
    } catch (const UserError& error) {
        EXPECT_THAT(error.what(), HasSubstr("did you mean \"scheduler.asha\"?"));
    }
}

TEST(Tables, AreSound) {
    for (const auto& section : sections()) {
        std::set<std::string> seen;
        for (const auto& key : section.keys) {
            const std::string path = section.path + "." + key.name;
            EXPECT_NO_THROW(default_of(key)) << path;
            EXPECT_TRUE(key.meaning.ends_with('.')) << path;
            EXPECT_TRUE(key.allowed.empty() ? key.type != KeyType::choice
                                            : key.type == KeyType::choice || key.type == KeyType::integer)
                << path;
            EXPECT_FALSE(key.required && !key.default_text.empty()) << path;
            std::string unique = key.name;
            for (const auto& variant : key.only_for) unique += " " + variant;
            EXPECT_TRUE(seen.insert(unique).second) << path << " stands twice";
            for (const auto& variant : key.only_for) {
                EXPECT_TRUE(std::any_of(section.variants.begin(), section.variants.end(),
                                        [&](const Variant& one) { return one.name == variant; }))
                    << path << " is for a type that is not there: " << variant;
            }
        }
    }
}

TEST(Tables, SelectorsListTheVariants) {
    for (const auto& section : sections()) {
        for (const auto& key : section.keys) {
            if (key.name != "type") continue;
            std::set<std::string> variants;
            for (const auto& variant : section.variants) variants.insert(variant.name);
            EXPECT_EQ(variants, std::set<std::string>(key.allowed.begin(), key.allowed.end())) << section.path;
        }
    }
}

}  // namespace
}  // namespace stemma
