#include "runtime/running_file.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "sampler/random.hpp"
#include "scheduler/random_search.hpp"

namespace stemma {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::shared_ptr<const SearchSpace> make_space() {
    std::vector<Parameter> parameters(1);
    parameters[0].name = "lr";
    parameters[0].domain = Real{1e-4, 1, Scale::log, {}};
    return std::make_shared<const SearchSpace>(std::move(parameters));
}

class RunningFileTest : public ::testing::Test {
protected:
    RunningFileTest() : folder_(fs::path(::testing::TempDir()) / ("running-" + std::to_string(::getpid()))) {
        fs::create_directories(folder_);
        file_.emplace(folder_ / "run.h5");
    }
    ~RunningFileTest() override { fs::remove_all(folder_); }

    fs::path path() const { return RunningFile::path_of(folder_ / "run.h5"); }

    void starts(std::uint64_t lease, std::uint64_t member, std::uint64_t worker) {
        const Effects effects = {effect::Train{.worker = {worker}, .lease = {lease}, .member = {member}, .source = {}}};
        file_->on_entry({.time = now_, .body = input::Ticked{}}, effects, manager_);
    }
    void happens(input::Body body) { file_->on_entry({.time = now_, .body = std::move(body)}, {}, manager_); }
    void shows(std::uint64_t worker, std::uint64_t lease, std::uint64_t number, MetricRow row) {
        file_->on_progress({worker}, {{lease}, std::move(row), number});
    }
    /// The content after the next time at which the file may be written. Null if there is no file.
    json content() {
        now_ += 1;
        file_->on_tick(manager_, now_);
        std::ifstream in(path());
        return in ? json::parse(in) : json();
    }

    fs::path folder_;
    std::shared_ptr<const SearchSpace> space_ = make_space();
    Manager manager_{{}, *space_, make_random_search({.max = 9}), make_random_sampler(space_, 1)};
    std::optional<RunningFile> file_;
    double now_ = 10;
};

TEST_F(RunningFileTest, HasTheRowsOfTrainingsUnderWay) {
    EXPECT_TRUE(content().is_null()) << "nothing was shown";
    starts(4, 2, 1);
    starts(5, 3, 2);
    shows(1, 4, 0, {1, {0.5, std::numeric_limits<double>::quiet_NaN()}});
    shows(1, 4, 1, {2, {0.25, 7}});

    const auto rows = json::parse(R"([{"resource": 1, "seconds": 11.0, "values": [0.5, null]},
                                      {"resource": 2, "seconds": 11.0, "values": [0.25, 7.0]}])");
    EXPECT_EQ(content(), json::array({{{"lease", 4}, {"member", 2}, {"rows", rows}}}));

    shows(2, 5, 0, {1, {0.75, 1}});
    happens(input::Report{.worker = {1}, .lease = {4}, .reached = 3, .rows = {}});
    const auto after = content();
    ASSERT_EQ(after.size(), 1U);
    EXPECT_EQ(after[0]["member"], 3);
}

TEST_F(RunningFileTest, StopsAtAGap) {
    starts(4, 2, 1);
    shows(1, 4, 0, {1, {0.5}});
    shows(1, 4, 2, {3, {0.3}});
    shows(1, 4, 3, {4, {0.2}});
    EXPECT_EQ(content()[0]["rows"].size(), 1U);
}

TEST_F(RunningFileTest, IsBounded) {
    starts(4, 2, 1);
    for (std::size_t i = 0; i < 2 * RunningFile::rows_max; ++i) shows(1, 4, i, {static_cast<Resource>(i + 1), {0.5}});
    EXPECT_EQ(content()[0]["rows"].size(), RunningFile::rows_max);
}

TEST_F(RunningFileTest, IsWrittenOnceASecondAtMost) {
    starts(4, 2, 1);
    shows(1, 4, 0, {1, {0.5}});
    EXPECT_EQ(content()[0]["rows"].size(), 1U);
    shows(1, 4, 1, {2, {0.5}});
    file_->on_tick(manager_, now_ + 0.5);
    std::ifstream in(path());
    EXPECT_EQ(json::parse(in)[0]["rows"].size(), 1U);
    EXPECT_EQ(content()[0]["rows"].size(), 2U);
}

TEST_F(RunningFileTest, ForgetsFailuresAndLostWorkers) {
    starts(4, 2, 1);
    starts(5, 3, 2);
    shows(1, 4, 0, {1, {0.5}});
    shows(2, 5, 0, {1, {0.5}});
    EXPECT_EQ(content().size(), 2U);
    happens(input::Failure{.worker = {1}, .lease = {4}, .type = {}, .message = "died"});
    happens(input::WorkerLost{.worker = {2}, .reason = "gone"});
    shows(2, 5, 1, {2, {0.5}});
    EXPECT_EQ(content(), json::array());
}

TEST_F(RunningFileTest, ARowOfAnotherWorkerIsNotTaken) {
    starts(4, 2, 1);
    shows(7, 4, 0, {1, {0.5}});
    EXPECT_TRUE(content().is_null());
}

TEST_F(RunningFileTest, IsRemovedAtTheEndAndAtTheNextStart) {
    std::ofstream(path()) << "of a killed start";
    file_.emplace(folder_ / "run.h5");
    EXPECT_FALSE(fs::exists(path()));
    starts(4, 2, 1);
    shows(1, 4, 0, {1, {0.5}});
    EXPECT_EQ(content().size(), 1U);
    file_.reset();
    EXPECT_FALSE(fs::exists(path()));
}

TEST_F(RunningFileTest, TheSearchGoesOnIfItCannotBeWritten) {
    starts(4, 2, 1);
    shows(1, 4, 0, {1, {0.5}});
    fs::remove_all(folder_);
    EXPECT_TRUE(content().is_null());
    fs::create_directories(folder_);
    shows(1, 4, 1, {2, {0.5}});
    EXPECT_TRUE(content().is_null());
}

}  // namespace
}  // namespace stemma
