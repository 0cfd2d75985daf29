#include "scheduler/asha.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <optional>
#include <utility>

#include "core/chunked.hpp"
#include "core/error.hpp"
#include "core/rng.hpp"
#include "scheduler/outcome_rung.hpp"
#include "scheduler/report_outcome.hpp"
#include "scheduler/retention.hpp"
#include "scheduler/rung.hpp"
#include "scheduler/rungs.hpp"

namespace stemma {

namespace {

/// One objective: Rung, which is O(log n).
struct OneObjective {
    using RungType = Rung;
    using Entered = Entrant;
    static Rung make_rung(const AshaSettings& settings) {
        return Rung(settings.eta, settings.variant == AshaVariant::stopping);
    }
    static double value_of(const event::Report& report) { return report.objective; }
    static MemberId member_of(const Entrant& entrant) { return entrant.member; }
    static double priority(const Rung&, std::size_t rung, double objective, bool) {
        return retention_priority(rung, objective);
    }
    static double priority_of(const Entrant& entrant, std::size_t rung) {
        return retention_priority(rung, entrant.objective);
    }
    static bool ties_with_top(const Rung& rung, double objective) { return rung.ties_with_top(objective); }
};

/// Several: OutcomeRung, with a cap on promotions. For the promotion variant alone.
struct SeveralObjectives {
    using RungType = OutcomeRung;
    using Entered = MemberId;
    static OutcomeRung make_rung(const AshaSettings& settings) {
        ensure(settings.variant == AshaVariant::promotion, "the stopping variant takes one objective");
        return OutcomeRung(settings.eta);
    }
    static Outcome value_of(const event::Report& report) { return outcome_of(report); }
    static MemberId member_of(MemberId member) { return member; }
    static double priority(const OutcomeRung& in, std::size_t rung, const Outcome& outcome, bool top) {
        return top ? top_priority(rung) : dominated_priority(rung, in.dominators(outcome));
    }
    static double priority_of(MemberId, std::size_t rung) { return top_priority(rung); }
    static bool ties_with_top(const OutcomeRung&, const Outcome&) { return false; }
};

template <class Policy>
struct Bracket {
    BracketPlan plan;
    std::vector<typename Policy::RungType> rungs;
    std::vector<std::uint64_t> entered;
    std::vector<std::uint64_t> gone_on;  ///< stopping: from each rung, including those still queued
};

/// A member's position: the rung that it is being trained to, or finished last.
struct Position {
    std::uint8_t bracket = 0;
    std::uint8_t rung = 0;
    bool running = false;  ///< asked for and not reported yet
    bool gone = false;     ///< given up
};

template <class Policy>
class Asha : public Scheduler {
    using Bracket = stemma::Bracket<Policy>;

public:
    explicit Asha(const AshaSettings& settings) : settings_(settings) {
        for (auto& plan : bracket_plans(settings_)) {
            brackets_.push_back({std::move(plan), {}, {}, {}});
            grow(brackets_.back());
        }
    }

    void on(const Event& event, Actions& out) override {
        std::visit([&](const auto& item) { take(item, out); }, event);
    }

    std::vector<RungRow> rungs() const override {
        std::vector<RungRow> rows;
        for (std::size_t b = 0; b < brackets_.size(); ++b) {
            const auto& bracket = brackets_[b];
            for (std::size_t k = 0; k < bracket.rungs.size(); ++k) {
                rows.push_back({static_cast<int>(b), static_cast<int>(k), bracket.plan.resources[k], bracket.entered[k],
                                bracket.rungs[k].finished(),
                                k + 1 < bracket.rungs.size() ? bracket.entered[k + 1] : 0});
            }
        }
        return rows;
    }

    bool exhausted() const override {
        // The next report of a running member may make a member promotable.
        if (!no_more_ || in_flight_ > 0 || !ready_.empty()) return false;
        if (stopping()) return true;
        return std::all_of(brackets_.begin(), brackets_.end(), [](const Bracket& bracket) {
            return std::none_of(bracket.rungs.begin(), bracket.rungs.end() - 1,
                                [](const auto& rung) { return rung.has_candidate(); });
        });
    }

    std::string describe() const override {
        std::string text = stopping() ? "ASHA (stopping)" : "ASHA (promotion)";
        text += ": eta " + std::to_string(settings_.eta) + ", rungs" + ladder_text(brackets_.front().plan.resources);
        if (brackets_.size() > 1) text += ", " + std::to_string(brackets_.size()) + " brackets";
        if (settings_.objectives > 1) text += ", " + std::to_string(settings_.objectives) + " objectives";
        return text;
    }

    std::size_t memory_bytes() const override {
        std::size_t bytes = positions_.memory_bytes();
        for (const auto& bracket : brackets_) {
            for (const auto& rung : bracket.rungs) bytes += rung.memory_bytes();
        }
        return bytes;
    }

private:
    bool stopping() const { return settings_.variant == AshaVariant::stopping; }

    void grow(Bracket& bracket) const {
        while (bracket.rungs.size() < bracket.plan.resources.size()) {
            bracket.rungs.push_back(Policy::make_rung(settings_));
            bracket.entered.push_back(0);
            bracket.gone_on.push_back(0);
        }
        ensure(bracket.rungs.size() < 256, "a rung's number fits into a byte");
    }

    void take(const event::WorkWanted&, Actions& out) {
        if (!ready_.empty()) {
            const auto member = ready_.front();
            ready_.pop_front();
            prune_ready();
            advance(member, out);
        } else if (const auto promoted = stopping() ? std::nullopt : promotable()) {
            advance(*promoted, out);
        } else if (!no_more_) {
            next_bracket_ = draw_bracket();
            out.push_back(
                action::Create{.to = brackets_[next_bracket_].plan.resources.front(), .bracket = {next_bracket_}});
        }
    }

    /// The best of the highest rung that has a candidate. Brackets take turns, from the one that starts lowest.
    std::optional<MemberId> promotable() {
        for (auto& bracket : brackets_) {
            for (std::size_t k = bracket.rungs.size() - 1; k-- > 0;) {
                if (bracket.rungs[k].has_candidate()) return bracket.rungs[k].take_best();
            }
        }
        return std::nullopt;
    }

    void advance(MemberId member, Actions& out) {
        auto& position = positions_[member.value];
        auto& bracket = brackets_[position.bracket];
        ++position.rung;
        position.running = true;
        ++bracket.entered[position.rung];
        ++in_flight_;
        out.push_back(action::Train{member, bracket.plan.resources[position.rung]});
    }

    std::size_t draw_bracket() const {
        if (brackets_.size() == 1) return 0;
        double point = Stream(settings_.seed, Purpose::bracket, positions_.size()).uniform();
        for (std::size_t b = 0; b + 1 < brackets_.size(); ++b) {
            point -= brackets_[b].plan.share;
            if (point < 0) return b;
        }
        return brackets_.size() - 1;
    }

    void take(const event::Created& created, Actions&) {
        ensure(created.member.value == positions_.size(), "members are numbered in order of birth");
        positions_.push_back({static_cast<std::uint8_t>(next_bracket_), 0, true, false});
        ++brackets_[next_bracket_].entered[0];
        ++in_flight_;
    }

    void take(const event::NoMoreMembers&, Actions&) { no_more_ = true; }
    void take(const event::ParentLost&, Actions&) { unreachable("no member has a parent here"); }
    void take(const event::TimePassed&, Actions&) {}

    void take(const event::Report& report, Actions& out) {
        auto& position = positions_[report.member.value];
        ensure(std::exchange(position.running, false), "a report comes from a member that was asked to train");
        --in_flight_;
        auto& bracket = brackets_[position.bracket];
        auto& rung = bracket.rungs[position.rung];
        entered_.clear();
        const auto value = Policy::value_of(report);
        rung.finish(report.member, value, entered_);
        const bool top = std::any_of(entered_.begin(), entered_.end(),
                                     [&](const auto& entrant) { return Policy::member_of(entrant) == report.member; });
        const bool last = position.rung + 1U == bracket.rungs.size();
        if (!std::isfinite(report.objective)) {
            out.push_back(action::Release{report.member});
        } else if (!stopping() || last) {
            out.push_back(action::Keep{report.member, Policy::priority(rung, position.rung, value, top), top});
        } else if (top || rung.finished() < settings_.min_rung_population ||
                   (Policy::ties_with_top(rung, value) && bracket.gone_on[position.rung] < rung.top_size())) {
            ++bracket.gone_on[position.rung];
            ready_.push_back(report.member);
            out.push_back(action::Keep{report.member, certain_to_go_on, false});
        } else {
            out.push_back(action::Release{report.member});
        }
        if (stopping() && !last) return;  // a stopped member stays stopped
        for (const auto& entrant : entered_) {
            const auto member = Policy::member_of(entrant);
            if (member == report.member || positions_[member.value].gone) continue;
            out.push_back(action::Keep{member, Policy::priority_of(entrant, position.rung), true});
        }
    }

    void take(const event::GivenUp& given_up, Actions&) {
        auto& position = positions_[given_up.member.value];
        if (std::exchange(position.gone, true)) return;
        if (std::exchange(position.running, false)) {
            --in_flight_;
        } else {
            brackets_[position.bracket].rungs[position.rung].withdraw(given_up.member);
            prune_ready();
        }
    }

    /// The front of ready_ is never gone: empty() means that no member waits.
    void prune_ready() {
        while (!ready_.empty() && positions_[ready_.front().value].gone) ready_.pop_front();
    }

    void take(const event::Extended& extended, Actions&) {
        no_more_ = false;
        if (extended.max_resource <= settings_.max) return;
        settings_.max = extended.max_resource;
        for (auto& bracket : brackets_) {
            const auto old_top = bracket.rungs.size() - 1;
            extend_rungs(bracket.plan.resources, settings_.min, settings_.max, settings_.eta);
            grow(bracket);
            if (!stopping()) continue;
            while (const auto member = bracket.rungs[old_top].take_best()) ready_.push_back(*member);
        }
    }

    AshaSettings settings_;
    std::vector<Bracket> brackets_;
    Chunked<Position> positions_;                    ///< by member
    std::deque<MemberId> ready_;                     ///< stopping: go on as soon as a worker is free
    std::vector<typename Policy::Entered> entered_;  ///< scratch
    std::size_t next_bracket_ = 0;                   ///< of the member asked for
    std::uint64_t in_flight_ = 0;
    bool no_more_ = false;
};

}  // namespace

std::vector<BracketPlan> bracket_plans(const AshaSettings& settings) {
    const int s = settings.early_stopping_rate;
    const int most = bracket_count(settings.min, settings.max, settings.eta) - s;
    if (settings.brackets < 0)
        throw UserError("scheduler: brackets must be >= 0 (0 = all); got " + std::to_string(settings.brackets));
    const int wanted = settings.brackets == 0 ? most : std::min(settings.brackets, most);
    std::vector<BracketPlan> plans;
    double total = 0;
    for (int b = 0; b < std::max(1, wanted); ++b) {
        auto resources = rung_resources(settings.min, settings.max, settings.eta, s + b);
        const double share = 1.0 / (static_cast<double>(resources.front()) * static_cast<double>(resources.size()));
        total += share;
        plans.push_back({std::move(resources), share});
    }
    for (auto& plan : plans) plan.share /= total;
    return plans;
}

std::unique_ptr<Scheduler> make_asha(const AshaSettings& settings) {
    if (settings.objectives > 1) return std::make_unique<Asha<SeveralObjectives>>(settings);
    return std::make_unique<Asha<OneObjective>>(settings);
}

}  // namespace stemma
