// ASHA against the paper's pseudo-code, written down literally without thought for speed. Compares every decision of
// thousands of random searches, with ties, non-finite reports, failures, stopped members and a raised maximum.
#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <memory>

#include "contract/scheduler/driver.hpp"
#include "scheduler/asha.hpp"
#include "support/sanitized.hpp"

namespace stemma::test {
namespace {

struct Finish {
    double objective;
    std::uint64_t member;
};

/// One bracket's rungs. Listens to the driver and says at each step which answer is expected.
class NaiveAsha : public Listener {
public:
    explicit NaiveAsha(const AshaSettings& settings) : settings_(settings), max_(settings.max) {
        for (int b = 0; b < settings.brackets; ++b) {
            brackets_.push_back({ladder(settings.early_stopping_rate + b), {}});
            brackets_.back().finished.resize(brackets_.back().resources.size());
        }
    }

    std::uint64_t promotions = 0;

    void happened(const Event& event, const Actions& actions) override {
        std::visit([&](const auto& item) { take(item, actions); }, event);
    }

private:
    struct Bracket {
        std::vector<Resource> resources;
        std::vector<std::vector<Finish>> finished;
    };
    struct Member {
        std::size_t bracket = 0;
        std::size_t rung = 0;
        bool running = true;
        bool gone = false;
    };

    std::vector<Resource> ladder(int s) const {
        std::vector<Resource> rungs;
        Resource power = settings_.min;
        for (int k = 0; power <= max_; ++k, power *= settings_.eta) {
            if (k >= s) rungs.push_back(power);
        }
        if (rungs.back() != max_) rungs.push_back(max_);
        return rungs;
    }

    /// Finite ones in the order of the ranking.
    static std::vector<Finish> ranked(std::vector<Finish> rung) {
        std::erase_if(rung, [](const Finish& item) { return !std::isfinite(item.objective); });
        std::sort(rung.begin(), rung.end(), [](const Finish& a, const Finish& b) {
            return std::pair(a.objective, a.member) < std::pair(b.objective, b.member);
        });
        return rung;
    }

    std::vector<std::uint64_t> top(const std::vector<Finish>& rung) const {
        auto size = rung.size() / static_cast<std::size_t>(settings_.eta);
        if (settings_.variant == AshaVariant::stopping) size = std::max<std::size_t>(size, 1);
        std::vector<std::uint64_t> members;
        for (const auto& item : ranked(rung)) {
            if (members.size() < size) members.push_back(item.member);
        }
        return members;
    }

    bool waits_at(std::uint64_t member, std::size_t rung) const {
        return members_[member].rung == rung && !members_[member].running && !members_[member].gone;
    }

    void take(const event::WorkWanted&, const Actions& actions) {
        std::optional<std::uint64_t> expected;
        if (settings_.variant == AshaVariant::stopping) {
            while (!ready_.empty() && members_[ready_.front()].gone) ready_.pop_front();
            if (!ready_.empty()) {
                expected = ready_.front();
                ready_.pop_front();
            }
        } else {
            for (auto& bracket : brackets_) {
                for (std::size_t k = bracket.resources.size() - 1; k-- > 0 && !expected;) {
                    for (const auto member : top(bracket.finished[k])) {
                        if (!expected && waits_at(member, k)) expected = member;
                    }
                }
            }
        }
        if (!expected) {
            if (no_more_) {
                EXPECT_TRUE(actions.empty());
                return;
            }
            ASSERT_EQ(actions.size(), 1U);
            ASSERT_TRUE(std::holds_alternative<action::Create>(actions[0]));
            asked_to_ = std::get<action::Create>(actions[0]).to;
            return;
        }
        ASSERT_EQ(actions.size(), 1U);
        ASSERT_TRUE(std::holds_alternative<action::Train>(actions[0]));
        const auto& train = std::get<action::Train>(actions[0]);
        auto& member = members_[*expected];
        auto& bracket = brackets_[member.bracket];
        EXPECT_EQ(train.member.value, *expected);
        EXPECT_EQ(train.to, bracket.resources.at(member.rung + 1));
        if (settings_.variant == AshaVariant::promotion) expect_in_top(bracket.finished[member.rung], *expected);
        ++member.rung;
        member.running = true;
        ++promotions;
    }

    /// Counted, not sorted: another way to state the same.
    void expect_in_top(const std::vector<Finish>& rung, std::uint64_t member) const {
        const auto own =
            std::find_if(rung.begin(), rung.end(), [&](const Finish& item) { return item.member == member; });
        const auto better = std::count_if(rung.begin(), rung.end(), [&](const Finish& item) {
            return item.objective < own->objective || (item.objective == own->objective && item.member < member);
        });
        EXPECT_LE((better + 1) * settings_.eta, static_cast<std::int64_t>(rung.size()));
        EXPECT_TRUE(std::isfinite(own->objective));
    }

    void take(const event::Created&, const Actions&) {
        std::size_t bracket = 0;
        while (brackets_.at(bracket).resources[0] != asked_to_) ++bracket;
        members_.push_back({bracket, 0, true, false});
    }
    void take(const event::NoMoreMembers&, const Actions&) { no_more_ = true; }
    void take(const event::GivenUp& given_up, const Actions&) { members_[given_up.member.value].gone = true; }
    void take(const event::ParentLost&, const Actions&) { FAIL() << "no member has a parent here"; }
    void take(const event::TimePassed&, const Actions&) {}

    void take(const event::Report& report, const Actions& actions) {
        const auto id = report.member.value;
        auto& member = members_[id];
        auto& bracket = brackets_[member.bracket];
        auto& rung = bracket.finished[member.rung];
        member.running = false;
        EXPECT_EQ(report.resource, bracket.resources[member.rung]);
        const auto before = top(rung);
        rung.push_back({report.objective, id});
        const auto after = top(rung);
        const auto in = [](const auto& members, std::uint64_t wanted) {
            return std::find(members.begin(), members.end(), wanted) != members.end();
        };
        const bool last = member.rung + 1 == bracket.resources.size();
        std::optional<bool> kept;
        std::vector<std::uint64_t> now_promotable;
        for (const auto& action : actions) {
            if (const auto* keep = std::get_if<action::Keep>(&action)) {
                if (keep->member == report.member) kept = keep->promotable;
                if (keep->promotable) now_promotable.push_back(keep->member.value);
            } else {
                EXPECT_EQ(std::get<action::Release>(action).member, report.member);
            }
        }
        const bool finite = std::isfinite(report.objective);
        if (settings_.variant == AshaVariant::stopping && !last) {
            const auto size = std::max<std::size_t>(1, rung.size() / static_cast<std::size_t>(settings_.eta));
            auto& gone_on = gone_on_[{member.bracket, member.rung}];
            const bool ties =
                !after.empty() && gone_on < size && report.objective == ranked(rung)[after.size() - 1].objective;
            const bool goes_on = finite && (in(after, id) || rung.size() < settings_.min_rung_population || ties);
            EXPECT_EQ(kept.has_value(), goes_on);
            if (!goes_on) return;
            ++gone_on;
            ready_.push_back(id);
            return;
        }
        EXPECT_EQ(kept.has_value(), finite);
        std::vector<std::uint64_t> expected;
        for (const auto other : after) {
            if (!in(before, other) && waits_at(other, member.rung)) expected.push_back(other);
        }
        std::sort(now_promotable.begin(), now_promotable.end());
        std::sort(expected.begin(), expected.end());
        EXPECT_EQ(now_promotable, expected);
    }

    void take(const event::Extended& extended, const Actions&) {
        no_more_ = false;
        if (extended.max_resource <= max_) return;
        max_ = extended.max_resource;
        for (auto& bracket : brackets_) {
            const auto old_top = bracket.resources.size() - 1;
            for (const auto resource : ladder(0)) {
                if (resource > bracket.resources.back()) bracket.resources.push_back(resource);
            }
            bracket.finished.resize(bracket.resources.size());
            if (settings_.variant == AshaVariant::promotion) continue;
            for (const auto member : top(bracket.finished[old_top])) {
                if (waits_at(member, old_top)) ready_.push_back(member);
            }
        }
    }

    AshaSettings settings_;
    Resource max_;
    std::vector<Bracket> brackets_;
    std::vector<Member> members_;
    std::map<std::pair<std::size_t, std::size_t>, std::size_t> gone_on_;  ///< by bracket and rung
    std::deque<std::uint64_t> ready_;
    Resource asked_to_ = 0;
    bool no_more_ = false;
};

AshaSettings settings_of(std::uint64_t seed, AshaVariant variant) {
    Stream draw(seed, Purpose::test, 99);
    AshaSettings settings;
    settings.variant = variant;
    settings.eta = 2 + static_cast<std::int64_t>(draw.below(3));
    settings.min = 1 + static_cast<Resource>(draw.below(3));
    settings.early_stopping_rate = static_cast<int>(draw.below(2));
    settings.brackets = 1 + static_cast<int>(draw.below(2));
    settings.max = settings.min * settings.eta * settings.eta + static_cast<Resource>(draw.below(60));
    settings.min_rung_population = draw.below(2) * draw.below(12);
    settings.seed = seed;
    return settings;
}

/// A whole search; every second one is extended half way. Returns the number of promotions.
std::uint64_t compare(std::uint64_t seed, AshaVariant variant) {
    const auto settings = settings_of(seed, variant);
    const auto scheduler = make_asha(settings);
    NaiveAsha naive(settings);
    const DriverSettings search{.seed = seed,
                                .members = 10 + seed % 80,
                                .workers = 1 + seed % 7,
                                .non_finite = seed % 3 == 0 ? 0.2 : 0.0,
                                .failing = seed % 4 == 0 ? 0.2 : 0.0,
                                .stopped = seed % 5 == 0 ? 0.1 : 0.0,
                                .objectives = seed % 2 == 0 ? 5U : 1000U};
    Driver driver(*scheduler, search, &naive);
    if (seed % 2 == 1) {
        for (std::uint64_t step = 0; step < seed % 200; ++step) driver.step();
        driver.extend(settings.max + static_cast<Resource>(seed % 90), search.members + 5);
    }
    EXPECT_TRUE(driver.run());
    return naive.promotions;
}

TEST(AshaAgainstNaive, PromotionDecidesAsThePseudoCode) {
    std::uint64_t promotions = 0;
    for (std::uint64_t seed = 0; seed < repeats(3000); ++seed) {
        SCOPED_TRACE(seed);
        promotions += compare(seed, AshaVariant::promotion);
        if (HasFailure()) return;
    }
    EXPECT_GT(promotions, repeats(30'000));
}

TEST(AshaAgainstNaive, StoppingDecidesAsTheRule) {
    std::uint64_t promotions = 0;
    for (std::uint64_t seed = 0; seed < repeats(3000); ++seed) {
        SCOPED_TRACE(seed);
        promotions += compare(seed, AshaVariant::stopping);
        if (HasFailure()) return;
    }
    EXPECT_GT(promotions, repeats(30'000));
}

}  // namespace
}  // namespace stemma::test
