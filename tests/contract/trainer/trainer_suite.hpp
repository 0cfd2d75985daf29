#pragma once
// The contract of every Trainer (trainer/trainer.hpp). Instantiate TrainerContract with the cases of an implementation.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "trainer/trainer.hpp"

namespace stemma {

struct TrainerCase {
    std::string name;
    std::shared_ptr<const SearchSpace> space;
    std::function<std::unique_ptr<Trainer>()> make;
    Resource units = 3;  ///< to train to
    bool row_each_unit = true;
    /// Values by name; absent: the parameter's default.
    std::vector<std::pair<std::string, Literal>> values = {};
};

inline void PrintTo(const TrainerCase& trainer_case, std::ostream* out) { *out << trainer_case.name; }

/// Rows as bits: NaN equals itself, and -0 differs from 0.
inline std::vector<std::uint64_t> bits_of(const std::vector<MetricRow>& rows) {
    std::vector<std::uint64_t> bits;
    for (const auto& row : rows) {
        bits.push_back(static_cast<std::uint64_t>(row.resource));
        for (const auto value : row.values) {
            bits.emplace_back();
            std::memcpy(&bits.back(), &value, sizeof value);
        }
    }
    return bits;
}

class TrainerContract : public testing::TestWithParam<TrainerCase> {
protected:
    TrainerContract() : configuration_(GetParam().space->from_literals(GetParam().values)) {}

    TrainRequest request(Resource from, Resource to, const Snapshot* start = nullptr) const {
        return {.member = {7},
                .configuration = {*GetParam().space, configuration_},
                .seed = 42,
                .from = from,
                .to = to,
                .start = start};
    }
    static Trained trained(TrainResult result) {
        if (const auto* failure = std::get_if<TrainFailure>(&result)) {
            ADD_FAILURE() << name_of(failure->kind) << " " << failure->type << ": " << failure->message;
            return {};
        }
        return std::move(std::get<Trained>(result));
    }
    static TrainFailure failed(TrainResult result) {
        if (const auto* failure = std::get_if<TrainFailure>(&result)) return *failure;
        ADD_FAILURE() << "the training did not fail";
        return {.kind = FailureKind::none};
    }

    Configuration configuration_;
};

TEST_P(TrainerContract, TrainsToWhereItWasAsked) {
    const auto trainer = GetParam().make();

    const auto result = trained(trainer->train(request(0, GetParam().units)));

    EXPECT_EQ(result.reached, GetParam().units);
    ASSERT_FALSE(result.rows.empty());
    EXPECT_EQ(result.rows.back().resource, GetParam().units);
    if (GetParam().row_each_unit) {
        EXPECT_EQ(std::ssize(result.rows), GetParam().units);
    }
    for (std::size_t row = 0; row < result.rows.size(); ++row) {
        EXPECT_EQ(result.rows[row].values.size(), trainer->metrics().size());
        if (row > 0) {
            EXPECT_LT(result.rows[row - 1].resource, result.rows[row].resource);
        }
    }
    EXPECT_GT(result.snapshot.bytes(), 0U);
}

TEST_P(TrainerContract, IsAFunctionOfTheRequest) {
    const auto first = GetParam().make(), second = GetParam().make();
    trained(second->train(request(0, 1)));  // a trainer's earlier trainings must not matter

    const auto a = trained(first->train(request(0, GetParam().units)));
    const auto b = trained(second->train(request(0, GetParam().units)));

    EXPECT_EQ(bits_of(a.rows), bits_of(b.rows));
    EXPECT_EQ(a.snapshot.encode(), b.snapshot.encode());
}

TEST_P(TrainerContract, AnotherSeedAndAnotherMemberTrainDifferently) {
    const auto trainer = GetParam().make();
    auto other = request(0, 1);
    other.seed = 43;
    other.member = {8};

    EXPECT_NE(trained(trainer->train(other)).snapshot.encode(),
              trained(trainer->train(request(0, 1))).snapshot.encode());
}

TEST_P(TrainerContract, GoingOnFromASnapshotIsBitEqualToOneGo) {
    const auto first = GetParam().make(), second = GetParam().make();
    const auto whole = trained(first->train(request(0, GetParam().units)));

    for (Resource cut = 1; cut < GetParam().units; ++cut) {
        const auto begun = trained(first->train(request(0, cut)));
        const auto snapshot = Snapshot::decode(begun.snapshot.encode());
        const auto rest = trained(second->train(request(cut, GetParam().units, &snapshot)));

        EXPECT_EQ(rest.snapshot.encode(), whole.snapshot.encode()) << "cut at " << cut;
        EXPECT_EQ(bits_of({rest.rows.back()}), bits_of({whole.rows.back()})) << "cut at " << cut;
        if (!GetParam().row_each_unit) continue;
        auto rows = begun.rows;
        rows.insert(rows.end(), rest.rows.begin(), rest.rows.end());
        EXPECT_EQ(bits_of(rows), bits_of(whole.rows)) << "cut at " << cut;
    }
}

TEST_P(TrainerContract, ShowsEachRowAsItComes) {
    const auto trainer = GetParam().make();
    std::vector<MetricRow> seen;
    auto asked = request(0, GetParam().units);
    asked.progress = [&](const MetricRow& row) { seen.push_back(row); };

    const auto result = trained(trainer->train(asked));

    EXPECT_EQ(bits_of(seen), bits_of(result.rows));
}

TEST_P(TrainerContract, StopsAtTheNextBoundaryWithWhatItHas) {
    const auto trainer = GetParam().make(), other = GetParam().make();
    const std::atomic<bool> stop = true;
    auto asked = request(0, GetParam().units);
    asked.stop = &stop;

    const auto partial = trained(trainer->train(asked));

    EXPECT_EQ(partial.reached, 1);
    ASSERT_FALSE(partial.rows.empty());
    EXPECT_EQ(partial.rows.back().resource, 1);
    const auto rest = trained(other->train(request(1, GetParam().units, &partial.snapshot)));
    EXPECT_EQ(rest.snapshot.encode(), trained(trainer->train(request(0, GetParam().units))).snapshot.encode());
}

TEST_P(TrainerContract, ASnapshotOfSomethingElseIsAFailureNotAThrow) {
    const auto trainer = GetParam().make();
    Snapshot foreign;
    foreign.add("foreign", DType::u8, {0}, {});

    EXPECT_EQ(failed(trainer->train(request(1, 2, &foreign))).kind, FailureKind::snapshot_unavailable);
}

TEST_P(TrainerContract, TrainersInTwoThreadsDoNotDisturbEachOther) {
    const auto expected = trained(GetParam().make()->train(request(0, GetParam().units))).snapshot.encode();
    std::vector<Bytes> got(2);

    std::vector<std::thread> threads;
    for (auto& block : got) {
        threads.emplace_back([&, trainer = std::shared_ptr<Trainer>(GetParam().make())] {
            block = trained(trainer->train(request(0, GetParam().units))).snapshot.encode();
        });
    }
    for (auto& thread : threads) thread.join();

    EXPECT_EQ(got[0], expected);
    EXPECT_EQ(got[1], expected);
}

TEST_P(TrainerContract, HasMetricsAndADescription) {
    const auto trainer = GetParam().make();

    EXPECT_FALSE(trainer->describe().empty());
    EXPECT_EQ(trainer->metrics()[selectable_metric(trainer->metrics(), "valid_loss")].name, "valid_loss");
    for (const auto& metric : trainer->metrics()) {
        EXPECT_EQ(metric.held_out, metric.name.starts_with("test_")) << metric.name;
    }
}

inline std::string case_name(const testing::TestParamInfo<TrainerCase>& info) { return info.param.name; }

}  // namespace stemma
