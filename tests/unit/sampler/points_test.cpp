#include "sampler/points.hpp"

#include <gmock/gmock.h>

#include "core/error.hpp"
#include "sampler/sobol.hpp"
#include "unit/sampler/fixtures.hpp"

namespace stemma {
namespace {

/// Records all calls.
class Recorder final : public Sampler {
public:
    struct Seen {
        std::vector<MemberId> pending;
        std::vector<MemberId> observed;
    };
    explicit Recorder(Seen& seen) : seen_(seen) {}
    std::optional<Configuration> propose(const ProposalRequest&) override { return {}; }
    void born(const Birth& birth) override { seen_.pending.push_back(birth.member); }
    void observe(const Observation& observation) override { seen_.observed.push_back(observation.member); }
    std::string describe() const override { return "recorder"; }

private:
    Seen& seen_;
};

TEST(PointsSampler, GivesItsPointsThenTheOthersFromTheirStart) {
    const auto space = test::cube(2);
    const std::vector<Configuration> first = {{0.25, 0.5}, {1.0, 0.0}};
    const auto sampler = make_points_sampler(space, first, make_sobol_sampler(space, 1));
    auto expected = first;
    for (auto& point : test::proposals(*make_sobol_sampler(space, 1), 5)) expected.push_back(std::move(point));
    EXPECT_EQ(test::proposals(*sampler, 7), expected);
    EXPECT_EQ(sampler->describe(), "2 given points, then scrambled Sobol sequence");
}

TEST(PointsSampler, EndsWithItsPointsIfNothingFollows) {
    const auto sampler = make_points_sampler(test::cube(1), {{0.5}}, nullptr);
    EXPECT_EQ(test::proposals(*sampler, 9).size(), 1U);
    EXPECT_EQ(sampler->describe(), "1 given point");
    sampler->born({{0}, {}, 0, Configuration{0.5}});
    sampler->observe({{0}, 1, 0.5});
}

TEST(PointsSampler, TheOneThatFollowsHearsOfEveryMember) {
    Recorder::Seen seen;
    const auto sampler = make_points_sampler(test::cube(1), {{0.5}}, std::make_unique<Recorder>(seen));
    sampler->born({{0}, {}, 0, Configuration{0.5}});
    sampler->born({{1}, {}, 0, Configuration{0.7}});
    sampler->observe({{0}, 1, 0.5});
    EXPECT_THAT(seen.pending, testing::ElementsAre(MemberId{0}, MemberId{1}));
    EXPECT_THAT(seen.observed, testing::ElementsAre(MemberId{0}));
}

TEST(PointsSampler, RefusesAPointOutsideTheSpace) {
    try {
        make_points_sampler(test::cube(1), {{0.5}, {1.5}}, nullptr);
        FAIL() << "no exception";
    } catch (const UserError& error) {
        EXPECT_THAT(error.what(),
                    testing::AllOf(testing::HasSubstr("given point number 2"), testing::HasSubstr("\"x0\"")));
    }
}

}  // namespace
}  // namespace stemma
