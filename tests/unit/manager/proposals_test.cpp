// Proposals are inputs: replay takes them from the record and compares them with present proposals.
#include "manager/proposals.hpp"

#include "unit/manager/harness.hpp"

namespace stemma::test {
namespace {

SearchSpace three_kinds() {
    std::vector<Parameter> parameters(3);
    parameters[0].name = "lr";
    parameters[0].domain = Real{1e-5, 1, Scale::log, {}};
    parameters[1].name = "shift";
    parameters[1].domain = Real{-1, 1, Scale::linear, {}};
    parameters[2].name = "width";
    parameters[2].domain = Integer{1, 8, Scale::linear, {}};
    return SearchSpace(std::move(parameters));
}

Configuration point(double lr, double shift = 0.5, std::int64_t width = 3) { return {lr, shift, width}; }

ProposalCheck compared(const Configuration& recorded, const std::optional<Configuration>& recomputed) {
    ProposalCheck check;
    compare_proposal(three_kinds(), {7}, recorded, recomputed, check);
    return check;
}

TEST(CompareProposal, TellsEqualFromNearFromDifferent) {
    EXPECT_EQ(compared(point(0.1), point(0.1)).equal, 1U);
    EXPECT_EQ(compared(point(0.1), point(0.1 * (1 + 9e-7))).near, 1U);
    EXPECT_EQ(compared(point(0.1), point(0.1 * (1 + 1e-4))).different, 1U);
    EXPECT_EQ(compared(point(0.1), point(0.1, 0.5, 4)).different, 1U) << "integers are equal or different";
    EXPECT_EQ(compared(point(0.1), std::nullopt).different, 1U);
    EXPECT_EQ(compared(point(0.1), Configuration{}).different, 1U);
}

TEST(CompareProposal, NearZeroTheRangeCounts) {
    EXPECT_EQ(compared(point(0.1, 1e-12), point(0.1, -3e-12)).near, 1U);
    EXPECT_EQ(compared(point(0.1, 1e-4), point(0.1, -1e-4)).different, 1U);
}

TEST(CompareProposal, NamesTheMember) {
    const auto check = compared(point(0.1), point(0.2));
    ASSERT_TRUE(check.first_different);
    EXPECT_EQ(check.first_different->member, MemberId{7});
    EXPECT_EQ(check.first_different->recorded, point(0.1));
    EXPECT_EQ(check.first_different->recomputed, point(0.2));
}

/// Proposes 0.1 * (1 + off), 0.2 * (1 + off), ... for `lr`.
class Ladder : public Sampler {
public:
    explicit Ladder(double off) : off_(off) {}
    std::optional<Configuration> propose(const ProposalRequest& request) override {
        return point(0.1 * static_cast<double>(request.index + 1) * (1 + off_));
    }
    void born(const Birth& birth) override { births.emplace_back(birth.configuration[0]); }
    std::string describe() const override { return "ladder"; }
    std::vector<Value> births;

private:
    double off_;
};

Manager manager_with(double off, Ladder** sampler = nullptr) {
    auto scheduler = std::make_unique<ScriptedScheduler>();
    scheduler->work = {action::Create{1}, action::Create{1}, action::Create{.to = 1, .same_as = {1}}};
    auto ladder = std::make_unique<Ladder>(off);
    if (sampler != nullptr) *sampler = ladder.get();
    return {ManagerSettings{}, three_kinds(), std::move(scheduler), std::move(ladder)};
}

/// Members 0 and 1 differ in both parameters. Only lr may change during a lineage.
class TwoWidths : public Sampler {
public:
    std::optional<Configuration> propose(const ProposalRequest& request) override {
        return point(request.index == 0 ? 0.1 : 0.2, 0.5, request.index == 0 ? 3 : 6);
    }
    std::string describe() const override { return "two widths"; }
};

TEST(Births, WhoTakesOnlyWeightsTakesWhatGoesWithThem) {
    const auto kinds = three_kinds();
    std::vector<Parameter> parameters(kinds.parameters().begin(), kinds.parameters().end());
    for (auto& parameter : parameters) parameter.role = parameter.name == "width" ? Role::fixed : Role::mutable_value;
    auto scheduler = std::make_unique<ScriptedScheduler>();
    scheduler->work = {action::Create{1}, action::Create{1}, action::Create{.to = 2, .same_as = {1}, .parent = {0}}};
    Manager manager({}, SearchSpace(parameters), std::move(scheduler), std::make_unique<TwoWidths>());
    const std::vector<Input> all = {{0, 0, input::IncarnationStarted{0, 2}},
                                    {1, 1, input::WorkerJoined{{1}, "host", "cpu", 0}},
                                    {2, 2, input::WorkerJoined{{2}, "host", "cpu", 0}},
                                    {3, 3, input::Report{{1}, {0}, 1, 1.0, 100, {MetricRow{1, {0.5}}}}}};
    for (const auto& input : all) {
        Effects effects;
        manager.on(input, effects);
    }

    ASSERT_EQ(manager.member_count(), 3U);
    const auto child = manager.member({2}).configuration;
    EXPECT_EQ(child[0], Value(0.2)) << "its own";
    EXPECT_EQ(child[2], Value(std::int64_t{3})) << "the donor's, for whose weights it fits";
}

const std::vector<Input>& inputs() {
    static const std::vector<Input> all = {{0, 0, input::IncarnationStarted{0, 3}},
                                           {1, 1, input::WorkerJoined{{1}, "host", "cpu", 0}},
                                           {2, 2, input::WorkerJoined{{2}, "host", "cpu", 0}},
                                           {3, 3, input::WorkerJoined{{3}, "host", "cpu", 0}}};
    return all;
}

TEST(Replay, TakesTheConfigurationsOfTheRecordAndComparesTheProposals) {
    for (const double off : {0.0, 1e-9, 1e-3}) {
        auto original = manager_with(0);
        Ladder* sampler = nullptr;
        auto elsewhere = manager_with(off, &sampler);
        ProposalCheck check;
        for (const auto& input : inputs()) {
            Effects recorded;
            original.on(input, recorded);
            Effects recomputed;
            elsewhere.replay(input, recorded, recomputed, check);
        }
        ASSERT_EQ(elsewhere.member_count(), 3U);
        for (std::uint64_t id = 0; id < 3; ++id) {
            EXPECT_EQ(elsewhere.member({id}).configuration[0], original.member({id}).configuration[0]);
        }
        EXPECT_EQ(sampler->births, (std::vector<Value>{0.1, 0.2, 0.2})) << "the sampler learns from the record";
        EXPECT_EQ(check.equal, off == 0 ? 2U : 0U);
        EXPECT_EQ(check.near, off == 1e-9 ? 2U : 0U);
        EXPECT_EQ(check.different, off == 1e-3 ? 2U : 0U);
    }
}

TEST(Replay, AfterItTheSamplerProposesAgain) {
    auto original = manager_with(0);
    auto resumed = manager_with(1e-3);
    ProposalCheck check;
    for (std::size_t i = 0; i < inputs().size(); ++i) {
        Effects recorded;
        original.on(inputs()[i], recorded);
        Effects effects;
        if (i < 2) {
            resumed.replay(inputs()[i], recorded, effects, check);
        } else {
            resumed.on(inputs()[i], effects);
        }
    }
    EXPECT_EQ(resumed.member({0}).configuration[0], Value(0.1));
    EXPECT_EQ(resumed.member({1}).configuration[0], Value(0.2 * (1 + 1e-3)));
}

/// Says that a model is late.
class Late : public Ladder {
public:
    Late() : Ladder(0) {}
    ProposalBasis basis() const override { return ProposalBasis::no_model; }
};

TEST(Proposals, OfALateModelAreNoted) {
    auto scheduler = std::make_unique<ScriptedScheduler>();
    scheduler->work = {action::Create{1}, action::Create{.to = 1, .same_as = {0}}};
    Manager manager({}, three_kinds(), std::move(scheduler), std::make_unique<Late>());
    Effects effects;
    for (const auto& input : inputs()) manager.on(input, effects);
    const auto notes = all_of<effect::Noted>(effects);
    ASSERT_EQ(notes.size(), 1U) << "a repeat needs no model";
    EXPECT_EQ(notes.front().kind, EventKind::model_late);
    EXPECT_EQ(notes.front().member, MemberId{0});
    EXPECT_EQ(notes.front().value, 1);
}

}  // namespace
}  // namespace stemma::test
