#include "genealogy/trajectory.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "unit/genealogy/families.hpp"

namespace stemma::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Trajectory : public testing::Test {
protected:
    static record::RunHeader header() {
        record::RunHeader header;
        header.metrics = {{"loss", false},       {"hyper_step", true},   {"hyper_lr", true},
                          {"hyper_beta2", true}, {"hyper_raw_lr", true}, {"hypergradient_norm", true}};
        return header;
    }
    /// Within unit `resource`.
    static MetricRow point(Resource resource, double step, double lr) {
        return {resource, {NAN, step, lr, 0.999, std::log10(lr), step / 100}};
    }
    static MetricRow whole(Resource resource, double step, double lr) {
        auto row = point(resource, step, lr);
        row.values[0] = 0.5;
        return row;
    }
    void assign(std::uint64_t lease, std::uint64_t member) {
        record::Entry entry;
        entry.effects.push_back(effect::Train{{1}, {lease}, {member}, 0, 1, {}, 0});
        builder.add(entry);
    }
    void report(std::uint64_t lease, std::vector<MetricRow> rows) {
        record::Entry entry;
        entry.input.body = input::Report{{1}, {lease}, 0, 0, 0, std::move(rows)};
        builder.add(entry);
    }
    TrajectoryBuilder builder{header()};
    TextStyle style{.width = 100, .unicode = false, .lines = 0};
};

TEST_F(Trajectory, FollowsTheLineageAndNotWhatAncestorsDidAfterwards) {
    assign(0, 0), assign(1, 3), assign(2, 5);
    report(0, {point(1, 10, 0.1), whole(3, 30, 0.2)});
    report(0, {point(4, 35, 0.8), whole(4, 40, 0.9)});  // member 0 went on, after the birth of 3
    report(1, {point(4, 40, 0.3), whole(6, 60, 0.4)});
    report(2, {whole(9, 90, 0.5)});
    const auto text = builder.text(family(), {5}, 0, style);
    EXPECT_EQ(text,
              "moved during training:\n"
              "updates  member   lr  |hypergradient|\n"
              "     10       0  0.1              0.1\n"
              "     30       0  0.2              0.3\n"
              "     40       3  0.3              0.4\n"
              "     60       3  0.4              0.6\n"
              "     90       5  0.5              0.9\n");
}

TEST_F(Trajectory, ShowsSomePointsOfManyAndTheLastOne) {
    assign(0, 1);
    for (int i = 0; i < 100; ++i) report(0, {whole(3, i, 0.001 * (i + 1))});
    const auto text = builder.text(family(), {1}, 10, style);
    EXPECT_THAT(text,
                AllOf(HasSubstr("(10 of 100 points, --all)"), HasSubstr("\n     99 "), Not(HasSubstr("\n     98 "))));
}

TEST_F(Trajectory, QuantilesAreShownWhereEachWeightHasALearningRate) {
    for (const bool for_each : {false, true}) {
        record::RunHeader header;
        header.metrics = {{"loss", false}, {"hyper_step", true}, {"hyper_lr", true}, {"hyper_lr_low", true}};
        header.metrics.push_back({"hyper_lr_high", true});
        TrajectoryBuilder all(header);
        record::Entry begun, done;
        begun.effects.push_back(effect::Train{{1}, {0}, {1}, 0, 1, {}, 0});
        all.add(begun);
        const double low = for_each ? 0.5 : 1 - 1e-9;
        done.input.body =
            input::Report{{1}, {0}, 0, 0, 0, {{1, {1, 10, 0.1, 0.1 * low, 0.1}}, {2, {1, 20, 0.2, 0.2 * low, 0.2}}}};
        all.add(done);
        const auto text = all.text(family(), {1}, 0, style);
        EXPECT_THAT(text, HasSubstr("0.2"));
        EXPECT_EQ(text.find("lr_low") != std::string::npos, for_each) << text;
    }
}

TEST_F(Trajectory, RunsWithoutMovingHyperparametersShowNothing) {
    record::RunHeader plain;
    plain.metrics = {{"loss", false}};
    TrajectoryBuilder other(plain);
    EXPECT_FALSE(other.any());
    EXPECT_EQ(other.text(family(), {5}, 0, style), "");
    EXPECT_EQ(builder.text(family(), {5}, 0, style), "");
}

}  // namespace
}  // namespace stemma::test
