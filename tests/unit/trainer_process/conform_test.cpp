#include "trainer/process/conform.hpp"

#include <gmock/gmock.h>

#include <map>

#include "unit/trainer_process/program.hpp"

namespace stemma {
namespace {

class ConformTest : public ProgramTest {
protected:
    std::vector<ConformanceCheck> checks(ProcessSettings settings) const {
        return conform(
            {std::move(settings), space_.get(), configuration_, 3, changes_of_children(*space_, configuration_)},
            starter());
    }
    /// Results for children.py, by check.
    std::map<std::string, ConformanceCheck> of_children(const std::string& how) const {
        auto settings = program("");
        settings.command = {STEMMA_PYTHON, "-S", STEMMA_TEST_PROGRAMS "/children.py", how};
        std::map<std::string, ConformanceCheck> out;
        for (auto& check : checks(settings)) out.emplace(check.what, check);
        return out;
    }
    static constexpr auto equal = "a child with its parent's values trains as the parent would go on";
    static constexpr auto other = "a child trains with another lr";

    static std::vector<std::string> with(const std::vector<ConformanceCheck>& checks, Conformance result) {
        std::vector<std::string> out;
        for (const auto& check : checks) {
            if (check.result == result) out.push_back(check.what);
        }
        return out;
    }
};

TEST_F(ConformTest, AGoodProgramPasses) {
    auto settings = program("");
    settings.command = {STEMMA_PYTHON, STEMMA_TEST_PROGRAMS "/../../contract/trainer/programs/toy.py"};

    const auto all = checks(settings);

    EXPECT_EQ(with(all, Conformance::ok).size(), 11U);
    for (const auto& check : all) EXPECT_EQ(check.result, Conformance::ok) << check.what << ": " << check.detail;
}

TEST_F(ConformTest, OneWithoutSnapshotsAndCurvesIsTold) {
    const auto all = checks(program("plain"));

    EXPECT_TRUE(with(all, Conformance::failed).empty());
    EXPECT_THAT(with(all, Conformance::note),
                testing::IsSupersetOf({"shows progress at each unit", "leaves a snapshot"}));
}

TEST_F(ConformTest, AProgramThatTrainsSeveralAtTheSameTimeIsTriedWithAsMany) {
    const auto of_three = [&](const std::string& how) {
        auto settings = program("");
        settings.command = {STEMMA_PYTHON, "-S", STEMMA_TEST_PROGRAMS "/stacked.py", "3", how};
        settings.metrics = {{"valid_loss"}, {"test_loss", true}};
        settings.at_once = 3;
        settings.silence_timeout = 2;
        return checks(settings);
    };

    const auto good = of_three("trains");
    for (const auto& check : good) EXPECT_NE(check.result, Conformance::failed) << check.what << ": " << check.detail;
    EXPECT_THAT(with(good, Conformance::ok),
                testing::IsSupersetOf({"one is stopped, and the others go on", "one fails, and the others go on"}));

    const auto bad = with(of_three("stops_all"), Conformance::failed);
    EXPECT_THAT(bad, testing::Contains("one is stopped, and the others go on"));
}

TEST_F(ConformTest, ChildrenThatGoOnRightlyPass) {
    const auto checks = of_children("rightly");

    EXPECT_EQ(checks.at(equal).result, Conformance::ok) << checks.at(equal).detail;
    EXPECT_EQ(checks.at(other).result, Conformance::ok) << checks.at(other).detail;
}

TEST_F(ConformTest, ChildrenThatTrainWithTheirParentsValuesAreTold) {
    const auto checks = of_children("keeps_the_parents");

    EXPECT_EQ(checks.at(equal).result, Conformance::ok);
    EXPECT_EQ(checks.at(other).result, Conformance::note);
    EXPECT_THAT(checks.at(other).detail, testing::HasSubstr("lr has no effect after an adoption: with 0.01 and "));
}

TEST_F(ConformTest, HowMuchChildrenDifferWithEqualValuesIsTold) {
    const auto checks = of_children("draws_by_the_childs_seed");

    EXPECT_EQ(checks.at(equal).result, Conformance::note);
    EXPECT_THAT(checks.at(equal).detail,
                testing::ContainsRegex("valid_loss at [23] is 0.* and not 0.* %\\): something"));
    EXPECT_EQ(checks.at(other).result, Conformance::ok);
}

TEST_F(ConformTest, WhereAllIsNoiseNothingIsSaidOfOtherValues) {
    const auto checks = of_children("noise");

    EXPECT_THAT(checks.at(equal).detail, testing::HasSubstr("two such children differ, too"));
    EXPECT_FALSE(checks.contains(other));
}

TEST_F(ConformTest, AValueThatNoChildCanChangeFails) {
    const auto checks = of_children("cannot_change");

    EXPECT_EQ(checks.at(other).result, Conformance::failed);
    EXPECT_THAT(checks.at(other).detail, testing::AllOf(testing::HasSubstr("shapes differ"),
                                                        testing::HasSubstr("role = \"fixed\" in [space.lr]")));
}

TEST(ChangesOfChildren, AreOfOneParameterEachAndAllowed) {
    Parameter lr;
    lr.name = "lr";
    lr.domain = Real{0, 1, Scale::linear, {}};
    lr.role = Role::mutable_value;
    auto width = lr;
    width.name = "width";
    width.role = Role::fixed;
    auto nesterov = lr;
    nesterov.name = "nesterov";
    nesterov.domain = Categorical{{false, true}};
    auto momentum = lr;
    momentum.name = "momentum";
    momentum.when = {{2, {1}}};
    auto constant = lr;
    constant.name = "constant";
    constant.domain = Constant{1.0};
    auto only = nesterov;
    only.name = "only";
    const SearchSpace space({lr, width, nesterov, momentum, constant, only}, {{{{5, {1}}}}});
    const auto off = space.from_literals({{{"lr", 0.123456789}, {"nesterov", false}, {"only", false}}});
    const auto on = space.from_literals({{{"nesterov", true}, {"momentum", 0.9}, {"only", false}}});

    const auto names = [&](const Configuration& configuration) {
        std::vector<std::string> out;
        for (const auto& change : changes_of_children(space, configuration)) {
            EXPECT_TRUE(space.allowed(change.configuration));
            EXPECT_NO_THROW(space.validate(change.configuration));
            EXPECT_NE(change.configuration[change.parameter], configuration[change.parameter]);
            for (const std::size_t other : {0U, 1U}) {
                EXPECT_TRUE(other == change.parameter || change.configuration[other] == configuration[other]);
            }
            out.push_back(space[change.parameter].name);
        }
        return out;
    };

    EXPECT_THAT(names(off), testing::ElementsAre("lr", "nesterov"));
    EXPECT_THAT(names(on), testing::ElementsAre("lr", "nesterov", "momentum"));
}

TEST_F(ConformTest, OneThatBreaksTheProtocolFails) {
    for (const auto* what :
         {"dies_before_hello", "prints_into_protocol", "garbage_once", "reports_twice", "bare_nan"}) {
        EXPECT_FALSE(with(checks(program(what)), Conformance::failed).empty()) << what;
    }
}

}  // namespace
}  // namespace stemma
