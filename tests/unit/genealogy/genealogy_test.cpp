#include "genealogy/genealogy.hpp"

#include <gmock/gmock.h>

#include <cmath>

#include "core/error.hpp"
#include "support/errors.hpp"
#include "unit/genealogy/families.hpp"

namespace stemma::test {
namespace {

using testing::ElementsAre;

TEST(Genealogy, KnowsWhoDescendsFromWhom) {
    const auto genealogy = family();
    EXPECT_THAT(genealogy.roots(), ElementsAre(MemberId{0}, MemberId{1}));
    EXPECT_THAT(genealogy.children({0}), ElementsAre(MemberId{2}, MemberId{3}));
    EXPECT_TRUE(genealogy.children({5}).empty());
    EXPECT_EQ(genealogy.descendants({0}), 4U);
    EXPECT_EQ(genealogy.descendants({1}), 2U);
    EXPECT_THAT(genealogy.path({5}), ElementsAre(MemberId{0}, MemberId{3}, MemberId{5}));
}

TEST(Genealogy, ALineageTakesAnAncestorUpToTheBirth) {
    const auto stages = family().lineage({5});
    ASSERT_EQ(stages.size(), 3U);
    EXPECT_EQ(stages[0].member, MemberId{0});
    EXPECT_EQ(stages[0].from, 0);
    EXPECT_EQ(stages[0].to, 3);
    EXPECT_EQ(stages[0].metric, 0.9) << "not its last report";
    EXPECT_EQ(stages[1].to, 6);
    EXPECT_EQ(stages[2].member, MemberId{5});
    EXPECT_EQ(stages[2].to, 9);
    EXPECT_EQ(stages[2].metric, 0.25);
}

TEST(Genealogy, ARepeatInheritsNoTraining) {
    const auto genealogy = family();
    EXPECT_TRUE(genealogy.lineage({4}).empty());
    EXPECT_EQ(genealogy.path({4}).size(), 2U);
}

TEST(Genealogy, BetterFollowsTheDirection) {
    const Genealogy up({}, true, {}), down({}, false, {});
    EXPECT_TRUE(up.better(2, 1));
    EXPECT_TRUE(down.better(1, 2));
    for (const auto* one : {&up, &down}) {
        EXPECT_TRUE(one->better(1, NAN));
        EXPECT_FALSE(one->better(NAN, 1));
        EXPECT_FALSE(one->better(NAN, NAN));
        EXPECT_FALSE(one->better(1, 1));
    }
}

TEST(Genealogy, TheLineageOfTheResultEndsAtItsReport) {
    const std::vector<Relative> members = {root(0.1, {{3, 0.9}}), child(0, 3, 0.2, {{6, 0.3}, {9, 0.2}, {12, 0.8}})};
    Genealogy genealogy(members, false, {1}, Measurement{9, 0.2});
    EXPECT_EQ(genealogy.lineage({1}).back().to, 12);
    genealogy.end_at_best();
    EXPECT_EQ(genealogy.lineage({1}).back().to, 9);
    EXPECT_EQ(genealogy.lineage({1}).back().metric, 0.2);

    // Trained once more from an earlier snapshot, to a smaller resource and a worse metric.
    Genealogy again({root(0.1, {{3, 0.9}, {6, 0.7}})}, false, {0}, Measurement{9, 0.2});
    again.end_at_best();
    EXPECT_EQ(again.lineage({0}).back().to, 9);
    EXPECT_EQ(again.lineage({0}).back().metric, 0.2);

    Genealogy none({root(0.1, {{3, 0.9}})}, false, {});
    none.end_at_best();
    EXPECT_EQ(none[{0}].reached(), 3);
}

TEST(Genealogy, RefusesAChildBeforeItsParent) {
    EXPECT_ERROR(Genealogy({child(0, 3, 0.1, {})}, false, {}), InternalError, "a parent is born before its child");
}

class Builder : public testing::Test {
protected:
    static record::RunHeader header() {
        record::RunHeader header;
        header.metric = "loss";
        header.metrics = {{"accuracy", false}, {"loss", false}};
        return header;
    }
    void add(input::Body body, Effects effects = {}) {
        record::Entry entry;
        entry.input.sequence = sequence++;
        entry.input.body = std::move(body);
        entry.effects = std::move(effects);
        builder.add(entry);
    }
    static effect::Born born(std::uint64_t member, MemberId parent = {}) {
        return {{member}, parent.exists() ? BirthCause::exploit : BirthCause::sampled, parent, {}, 0, {0.5}};
    }
    static effect::Train assign(std::uint64_t lease, std::uint64_t member, Resource from, Resource to) {
        return {{1}, {lease}, {member}, from, to, {}, 0};
    }
    static input::Report report(std::uint64_t lease, Resource reached, double loss) {
        return {{1}, {lease}, reached, 1, 0, {{reached, {0.3, loss}}}};
    }

    GenealogyBuilder builder{header()};
    std::uint64_t sequence = 0;
};

TEST_F(Builder, FollowsBirthsReportsAndTheBest) {
    add(input::Ticked{}, {born(0), assign(0, 0, 0, 3)});
    add(report(0, 3, 0.7), {effect::Noted{EventKind::new_best, {0}, {0}, {1}, 0.7}, born(1, {0}), assign(1, 1, 3, 6)});
    add(report(1, 6, 0.6), {effect::Noted{EventKind::new_best, {1}, {1}, {1}, 0.6}, assign(2, 0, 3, 6)});
    add(report(2, 6, 0.9), {effect::Ended{EndReason::exhausted, {1}}});
    const auto genealogy = builder.take();
    ASSERT_EQ(genealogy.size(), 2U);
    EXPECT_EQ(genealogy.best(), MemberId{1});
    EXPECT_EQ(genealogy[{1}].from, 3);
    EXPECT_EQ(genealogy[{1}].metric(), 0.6);
    EXPECT_EQ(genealogy[{0}].reached(), 6);
    EXPECT_EQ(genealogy.lineage({1})[0].metric, 0.7);
}

TEST_F(Builder, KnowsTheReportThatMadeTheBest) {
    add(input::Ticked{}, {born(0), assign(0, 0, 0, 3)});
    add(report(0, 3, 0.7), {effect::Noted{EventKind::new_best, {0}, {}, {}, 0.7}, assign(1, 0, 3, 6)});
    add(report(1, 6, 0.4), {effect::Noted{EventKind::new_best, {0}, {}, {}, 0.4}, assign(2, 0, 6, 9)});
    add(report(2, 9, 0.9), {effect::Ended{EndReason::exhausted, {0}}});
    const auto genealogy = builder.take();
    EXPECT_EQ(genealogy.best_report().resource, 6);
    EXPECT_EQ(genealogy.best_report().metric, 0.4);
    EXPECT_EQ(genealogy[{0}].reached(), 9);
}

TEST_F(Builder, LateReportsDoNotCount) {
    add(input::Ticked{}, {born(0), assign(0, 0, 0, 3)});
    add(input::WorkerLost{{1}, ""}, {effect::Noted{EventKind::requeued, {0}, {0}, {1}, 0}, assign(1, 0, 0, 3)});
    add(report(0, 3, 0.1));
    add(report(1, 3, 0.7));
    add(report(1, 3, 0.2));
    const auto genealogy = builder.take();
    ASSERT_EQ(genealogy[{0}].reports.size(), 1U);
    EXPECT_EQ(genealogy[{0}].metric(), 0.7);
}

TEST_F(Builder, TrainingDoneAgainReplacesTheFirst) {
    add(input::Ticked{}, {born(0), assign(0, 0, 0, 3)});
    add(report(0, 3, 0.7), {assign(1, 0, 3, 9)});
    add(report(1, 9, 0.5), {assign(2, 0, 0, 3)});
    add(report(2, 3, 0.6));
    EXPECT_EQ(builder.take()[{0}].reached(), 3);
}

}  // namespace
}  // namespace stemma::test
