#include "sampler/automatic/automatic.hpp"

#include <gmock/gmock.h>

#include "contract/sampler/sampler_suite.hpp"
#include "sampler/automatic/rule.hpp"
#include "sampler/automatic/trial_proposal.hpp"
#include "sampler/gp/gp.hpp"
#include "sampler/random.hpp"
#include "unit/sampler/fixtures.hpp"

namespace stemma::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

SamplerContext context(std::size_t dimensions, std::uint64_t expected = 50) {
    return {.space = cube(dimensions), .seed = 3, .expected = expected};
}

/// A search in which each training takes so many seconds, `out` at a time.
class Course {
public:
    explicit Course(const SamplerContext& context, double training = 1, std::uint64_t out = 1)
        : sampler(make_automatic_sampler(context)), training_(training), out_(out) {}

    void step() {
        const MemberId member{proposals.size()};
        proposals.push_back(*sampler->propose({member, member.value, {}}));
        sampler->born({member, {}, 0, proposals.back()});
        if (member.value + 1 < out_) return;
        const MemberId ended{member.value + 1 - out_};
        sampler->observe({ended, 1, std::get<double>(proposals[ended.value][0]), training_});
    }
    void steps(int count) {
        for (int i = 0; i < count; ++i) step();
    }
    /// The timing that is wanted took so long.
    void answer(double seconds) {
        const auto wanted = sampler->wanted_fits();
        ASSERT_EQ(wanted.size(), 1U);
        EXPECT_TRUE(wanted[0].timed);
        sampler->fitted(wanted[0].number, std::vector{seconds});
    }
    std::optional<std::uint8_t> chosen() const { return sampler->chosen(); }

    std::unique_ptr<Sampler> sampler;
    std::vector<Configuration> proposals;

private:
    double training_;
    std::uint64_t out_;
};

constexpr auto random_number = static_cast<std::uint8_t>(AutomaticChoice::random);
constexpr auto tpe_number = static_cast<std::uint8_t>(AutomaticChoice::tpe);
constexpr auto gp_number = static_cast<std::uint8_t>(AutomaticChoice::gp);

TEST(Automatic, DrawsUntilThreeTrainingsWereTimedAndThenAsksOnce) {
    Course run(context(2));
    const auto random = make_random_sampler(cube(2), 3);
    EXPECT_THAT(run.sampler->describe(), AllOf(StartsWith("auto: a Gaussian process (2 numbers, 50 configurations)"),
                                               HasSubstr("random draws until that is known")));
    for (std::uint64_t member = 0; member < 5; ++member) {
        EXPECT_EQ(run.sampler->wanted_fits().size(), member < 3 ? 0U : 1U);
        run.step();
        EXPECT_EQ(run.proposals.back(), *random->propose({{member}, member, {}}));
        EXPECT_FALSE(run.chosen());
    }
    run.answer(0.01);
    EXPECT_EQ(run.chosen(), gp_number);
    EXPECT_EQ(
        run.sampler->describe(),
        "auto: a Gaussian process (2 numbers, 50 configurations; a Gaussian process: a proposal takes 10 ms, 1 % of "
        "a training (1 out))");
    EXPECT_TRUE(run.sampler->wanted_fits().empty());
    run.step();
    EXPECT_NE(run.proposals.back(), *random->propose({{5}, 5, {}}));
}

TEST(Automatic, TheChosenModelHasSeenAllThatCameBefore) {
    Course run(context(2));
    run.steps(6);
    run.answer(0);
    run.steps(10);
    GpSettings settings;
    settings.fit_elsewhere = true;
    const auto gp = make_gp_sampler(cube(2), 3, settings);
    for (std::uint64_t member = 0; member < run.proposals.size(); ++member) {
        if (member >= 6) {
            EXPECT_EQ(run.proposals[member], *gp->propose({{member}, member, {}})) << member;
        }
        gp->born({{member}, {}, 0, run.proposals[member]});
        gp->observe({{member}, 1, std::get<double>(run.proposals[member][0])});
    }
}

TEST(Automatic, AModelThatCostsTooMuchGivesWay) {
    Course to_tpe(context(2));
    to_tpe.steps(3);
    to_tpe.answer(0.051);
    EXPECT_FALSE(to_tpe.chosen());
    to_tpe.answer(0.001);
    EXPECT_EQ(to_tpe.chosen(), tpe_number);

    Course to_random(context(2));
    to_random.steps(3);
    to_random.answer(0.051);
    to_random.answer(0.051);
    EXPECT_EQ(to_random.chosen(), random_number);
    EXPECT_THAT(to_random.sampler->describe(), StartsWith("auto: random draws"));

    Course failed(context(2));
    failed.steps(3);
    failed.sampler->fitted(0, {});
    failed.sampler->fitted(1, {});
    EXPECT_EQ(failed.chosen(), random_number);
}

TEST(Automatic, WorkersCountByTheTrainingsThatAreOut) {
    for (const auto& [out, chosen] : {std::pair(10U, gp_number), std::pair(12U, tpe_number)}) {
        Course run(context(2), 1, out);
        run.steps(static_cast<int>(out) + 2);
        run.answer(0.05);
        if (!run.chosen()) run.answer(0.001);
        EXPECT_EQ(run.chosen(), chosen) << out;
    }
}

TEST(Automatic, WhereTheRuleWantsDrawsNothingIsMeasured) {
    Course run(context(5, 6));
    EXPECT_EQ(run.chosen(), random_number);
    run.steps(6);
    EXPECT_TRUE(run.sampler->wanted_fits().empty());
    EXPECT_EQ(run.sampler->describe(), "auto: random draws (5 numbers, 6 configurations: too few for a model)");
}

TEST(Automatic, ReportsWithoutTimeDoNotCount) {
    const auto sampler = make_automatic_sampler(context(2));
    for (std::uint64_t member = 0; member < 8; ++member) {
        sampler->born({{member}, {}, 0, *sampler->propose({{member}, member, {}})});
        sampler->observe({{member}, 1, 0.5, member < 5 ? std::nullopt : std::optional(1.0)});
        EXPECT_EQ(sampler->wanted_fits().size(), member < 7 ? 0U : 1U);
    }
}

TEST(Automatic, AnAnswerThatIsNotWantedIsIgnored) {
    Course run(context(2));
    run.sampler->fitted(0, std::vector{0.001});
    run.steps(3);
    run.sampler->fitted(1, std::vector{0.001});
    EXPECT_FALSE(run.chosen());
    run.answer(0.001);
    run.sampler->fitted(0, std::vector{100.0});
    EXPECT_EQ(run.chosen(), gp_number) << "it is made once";
}

TEST(Automatic, TheModelsFitsAreNumberedOn) {
    Course run(context(2, 200));
    run.steps(3);
    run.answer(0.001);
    while (run.proposals.size() < 60 && run.sampler->wanted_fits().empty()) run.step();
    const auto wanted = run.sampler->wanted_fits();
    ASSERT_EQ(wanted.size(), 1U);
    EXPECT_EQ(wanted[0].number, 1U);
    EXPECT_FALSE(wanted[0].timed);
    const auto model = wanted[0].fit->run();
    EXPECT_FALSE(model.empty());
    run.sampler->fitted(1, model);
    EXPECT_TRUE(run.sampler->wanted_fits().empty());
}

TEST(Automatic, ATrialProposalRunsInAnySpace) {
    for (const auto choice : {AutomaticChoice::gp, AutomaticChoice::tpe}) {
        for (const auto& space : {cube(1), cube(7), share(training_space()), little_allowed(), nothing_allowed()}) {
            for (const std::uint64_t configurations : {0U, 1U, 20U})
                EXPECT_TRUE(trial_proposal(choice, space, configurations)->run().empty());
        }
    }
}

/// Answers what it wants itself, and times each training at a second.
class Answered final : public Sampler {
public:
    Answered(const SamplerContext& context, double proposal)
        : sampler_(make_automatic_sampler(context)), proposal_(proposal) {}

    std::optional<Configuration> propose(const ProposalRequest& request) override {
        auto proposal = sampler_->propose(request);
        answer();
        return proposal;
    }
    void born(const Birth& birth) override { sampler_->born(birth); }
    void observe(const Observation& observation) override {
        auto timed = observation;
        timed.seconds = 1;
        sampler_->observe(timed);
        answer();
    }
    void given_up(MemberId member) override { sampler_->given_up(member); }
    std::string describe() const override { return sampler_->describe(); }

private:
    void answer() {
        while (!sampler_->wanted_fits().empty()) {
            const auto wanted = sampler_->wanted_fits().front();
            sampler_->fitted(wanted.number, wanted.timed ? std::vector{proposal_} : wanted.fit->run());
        }
    }

    std::unique_ptr<Sampler> sampler_;
    double proposal_;
};

SamplerCase answered(const char* name, std::uint64_t expected, double proposal) {
    return {name, [=](std::shared_ptr<const SearchSpace> space, std::uint64_t seed) -> std::unique_ptr<Sampler> {
                return std::make_unique<Answered>(
                    SamplerContext{.space = std::move(space), .seed = seed, .expected = expected}, proposal);
            }};
}

const SamplerCase cases[] = {answered("Tpe", 1000, 0), answered("Random", 1000, 1)};

INSTANTIATE_TEST_SUITE_P(Automatic, SamplerContract, testing::ValuesIn(cases),
                         [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace stemma::test
