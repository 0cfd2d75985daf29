#include "trainer/process/conform.hpp"

#include <gmock/gmock.h>

#include "unit/trainer_process/program.hpp"

namespace stemma {
namespace {

class ConformTest : public ProgramTest {
protected:
    std::vector<ConformanceCheck> checks(ProcessSettings settings) const {
        return conform({std::move(settings), space_.get(), configuration_, 3}, starter());
    }
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

    EXPECT_EQ(with(all, Conformance::ok).size(), 8U);
    for (const auto& check : all) EXPECT_EQ(check.result, Conformance::ok) << check.what << ": " << check.detail;
}

TEST_F(ConformTest, OneWithoutSnapshotsAndCurvesIsTold) {
    const auto all = checks(program("plain"));

    EXPECT_TRUE(with(all, Conformance::failed).empty());
    EXPECT_THAT(with(all, Conformance::note),
                testing::IsSupersetOf({"shows progress at each unit", "leaves a snapshot"}));
}

TEST_F(ConformTest, OneThatBreaksTheProtocolFails) {
    for (const auto* what :
         {"dies_before_hello", "prints_into_protocol", "garbage_once", "reports_twice", "bare_nan"}) {
        EXPECT_FALSE(with(checks(program(what)), Conformance::failed).empty()) << what;
    }
}

}  // namespace
}  // namespace stemma
