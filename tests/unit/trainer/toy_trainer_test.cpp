#include "trainer/toy/toy_trainer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace stemma {
namespace {

std::shared_ptr<const SearchSpace> space() {
    Parameter lr;
    lr.name = "lr";
    return std::make_shared<const SearchSpace>(std::vector{lr});
}

class ToyTrainerTest : public testing::Test {
protected:
    TrainResult train(const ToySettings& settings, Resource from, Resource to, const Snapshot* start = nullptr,
                      std::uint64_t seed = 1) {
        return make_toy_trainer(settings, space_)
            ->train({.member = {seed},
                     .configuration = {*space_, configuration_},
                     .seed = seed,
                     .from = from,
                     .to = to,
                     .start = start});
    }
    static double loss_of(const TrainResult& result) { return std::get<Trained>(result).rows.back().values.front(); }

    std::shared_ptr<const SearchSpace> space_ = space();
    Configuration configuration_ = space_->from_unit(std::vector{0.5});
};

TEST_F(ToyTrainerTest, AnotherMembersSnapshotGivesAnotherLoss) {
    const auto own = train({}, 0, 3), foreign = train({}, 0, 3, nullptr, 2);

    const auto right = train({}, 3, 5, &std::get<Trained>(own).snapshot);
    const auto wrong = train({}, 3, 5, &std::get<Trained>(foreign).snapshot);

    EXPECT_NE(loss_of(right), loss_of(wrong));
    EXPECT_NEAR(loss_of(right), loss_of(wrong), 1e-5);
}

TEST_F(ToyTrainerTest, ASurfaceOfTheWholePathGoesOnFromItsSnapshot) {
    ToySettings settings;
    settings.surface.kind = Surface::Kind::deceptive;
    const auto whole = train(settings, 0, 50);
    const auto begun = train(settings, 0, 20);
    const auto ended = train(settings, 20, 50, &std::get<Trained>(begun).snapshot);
    EXPECT_DOUBLE_EQ(loss_of(ended), loss_of(whole));
    EXPECT_DOUBLE_EQ(loss_of(whole), settings.surface.loss({0.5}, {1}, 50)) << "nothing depends on the hash chain";

    settings.surface.noise = 0.1;
    const auto noisy = std::get<Trained>(train(settings, 0, 50));
    EXPECT_NE(noisy.rows.back().values[0], loss_of(whole));
    EXPECT_DOUBLE_EQ(noisy.rows.back().values[2], loss_of(whole)) << "test_loss is without noise";
}

TEST_F(ToyTrainerTest, ASurfaceOfTheWholePathRefusesSnapshotsWithoutOne) {
    ToySettings settings;
    const auto other = train(settings, 0, 2);
    settings.surface.kind = Surface::Kind::moving;
    const auto result = train(settings, 2, 3, &std::get<Trained>(other).snapshot);
    const auto* failure = std::get_if<TrainFailure>(&result);
    ASSERT_NE(failure, nullptr);
    EXPECT_EQ(failure->kind, FailureKind::snapshot_unavailable);
    EXPECT_EQ(failure->message, "the snapshot is of another surface");
}

TEST_F(ToyTrainerTest, BallastMakesSnapshotsLarger) {
    ToySettings settings;
    settings.state_bytes = 100'000;
    EXPECT_GE(std::get<Trained>(train(settings, 0, 1)).snapshot.bytes(), 100'000U);
    EXPECT_LT(std::get<Trained>(train({}, 0, 1)).snapshot.bytes(), 1'000U);
}

TEST_F(ToyTrainerTest, EachFaultHasItsKindAndTellsWhereItHappened) {
    const auto kind_with = [&](double ToySettings::*fault) {
        ToySettings settings;
        settings.*fault = 1;
        const auto result = train(settings, 0, 4);
        const auto* failure = std::get_if<TrainFailure>(&result);
        EXPECT_TRUE(failure != nullptr && failure->reached == 0);
        return failure == nullptr ? FailureKind::none : failure->kind;
    };
    EXPECT_EQ(kind_with(&ToySettings::nonfinite), FailureKind::nonfinite);
    EXPECT_EQ(kind_with(&ToySettings::exception), FailureKind::exception);
    EXPECT_EQ(kind_with(&ToySettings::out_of_memory), FailureKind::out_of_memory);
    EXPECT_EQ(kind_with(&ToySettings::device), FailureKind::device);
}

TEST_F(ToyTrainerTest, FaultsComeAtTheRateThatWasAskedFor) {
    ToySettings settings;
    settings.exception = 0.1;
    settings.nonfinite = 0.2;
    int exceptions = 0, nonfinite = 0;
    constexpr int members = 2'000;
    for (std::uint64_t seed = 0; seed < members; ++seed) {
        const auto result = train(settings, 0, 1, nullptr, seed);
        const auto* failure = std::get_if<TrainFailure>(&result);
        exceptions += failure != nullptr && failure->kind == FailureKind::exception;
        nonfinite += failure != nullptr && failure->kind == FailureKind::nonfinite;
    }
    EXPECT_NEAR(exceptions, 0.1 * members, 70);  // five standard deviations
    EXPECT_NEAR(nonfinite, 0.2 * members, 90);
}

}  // namespace
}  // namespace stemma
