#include "scheduler/asha.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <numbers>
#include <utility>

#include "core/error.hpp"
#include "core/rng.hpp"
#include "scheduler/rung.hpp"
#include "scheduler/rungs.hpp"

namespace stemma {

namespace {

struct Bracket {
    std::vector<Resource> resources;
    std::vector<Rung> rungs;
    std::vector<std::uint64_t> entered;
    double share = 1;  ///< of new members
};

/// Where a member stands: the rung that it is being trained to, or finished last.
struct Position {
    std::uint8_t bracket = 0;
    std::uint8_t rung = 0;
    bool running = false;  ///< asked for and not reported yet
    bool gone = false;     ///< given up, perhaps while it waited: never promoted
};

/// Higher rungs are more worth keeping; within a rung, better members are. A monotone map of (rung, objective).
double retention_priority(std::size_t rung, double objective) {
    return static_cast<double>(rung) + 0.5 - std::atan(objective) / std::numbers::pi;
}

class Asha : public Scheduler {
public:
    explicit Asha(const AshaSettings& settings) : settings_(settings) {
        const auto most = bracket_count(settings_.min, settings_.max, settings_.eta) - settings_.early_stopping_rate;
        const auto count = std::clamp(settings_.brackets, 1, std::max(1, most));
        double total = 0;
        for (int b = 0; b < count; ++b) {
            Bracket bracket;
            bracket.resources = rung_resources(settings_.min, settings_.max, settings_.eta, settings_.early_stopping_rate + b);
            bracket.share = 1.0 / (static_cast<double>(bracket.resources.front()) * static_cast<double>(bracket.resources.size()));
            total += bracket.share;
            grow(bracket);
            brackets_.push_back(std::move(bracket));
        }
        for (auto& bracket : brackets_) bracket.share /= total;
    }

    void on(const Event& event, Actions& out) override {
        std::visit([&](const auto& item) { take(item, out); }, event);
    }

    std::vector<RungRow> rungs() const override {
        std::vector<RungRow> rows;
        for (std::size_t b = 0; b < brackets_.size(); ++b) {
            const auto& bracket = brackets_[b];
            for (std::size_t k = 0; k < bracket.rungs.size(); ++k) {
                rows.push_back({static_cast<int>(b), static_cast<int>(k), bracket.resources[k], bracket.entered[k],
                                bracket.rungs[k].finished(), k + 1 < bracket.rungs.size() ? bracket.entered[k + 1] : 0});
            }
        }
        return rows;
    }

    bool exhausted() const override {
        if (!no_more_ || in_flight_ > 0 || !ready_.empty()) return false;
        if (settings_.variant == AshaVariant::stopping) return true;
        for (const auto& bracket : brackets_) {
            for (std::size_t k = 0; k + 1 < bracket.rungs.size(); ++k) {
                if (const_cast<Rung&>(bracket.rungs[k]).has_candidate()) return false;
            }
        }
        return true;
    }

    std::string describe() const override {
        std::string text = settings_.variant == AshaVariant::promotion ? "ASHA (promotion)" : "ASHA (stopping)";
        text += ": eta " + std::to_string(settings_.eta) + ", rungs";
        for (const auto resource : brackets_.front().resources) text += " " + std::to_string(resource);
        if (brackets_.size() > 1) text += ", " + std::to_string(brackets_.size()) + " brackets";
        return text;
    }

    std::size_t memory_bytes() const override {
        std::size_t bytes = positions_.capacity() * sizeof(Position);
        for (const auto& bracket : brackets_) {
            for (const auto& rung : bracket.rungs) bytes += rung.memory_bytes();
        }
        return bytes;
    }

private:
    void grow(Bracket& bracket) const {
        while (bracket.rungs.size() < bracket.resources.size()) {
            bracket.rungs.emplace_back(settings_.eta, settings_.variant == AshaVariant::stopping);
            bracket.entered.push_back(0);
        }
    }

    void take(const WorkWanted&, Actions& out) {
        if (!ready_.empty()) {
            const auto member = ready_.front();
            ready_.pop_front();
            advance(member, out);
            return;
        }
        if (settings_.variant == AshaVariant::promotion) {
            if (const auto member = promotable()) {
                advance(*member, out);
                return;
            }
        }
        if (no_more_) return;
        next_bracket_ = draw_bracket();
        out.push_back(Create{brackets_[next_bracket_].resources.front()});
    }

    /// The best of the highest rung that has a candidate; brackets in turn, from the one that starts lowest.
    std::optional<MemberId> promotable() {
        for (auto& bracket : brackets_) {
            for (std::size_t k = bracket.rungs.size() - 1; k-- > 0;) {
                while (const auto member = bracket.rungs[k].take_best()) {
                    if (!positions_[member->value].gone) return member;
                }
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
        out.push_back(Train{member, bracket.resources[position.rung]});
    }

    std::size_t draw_bracket() {
        const auto number = asked_++;
        if (brackets_.size() == 1) return 0;
        double point = Stream(settings_.seed, Purpose::bracket, number).uniform();
        for (std::size_t b = 0; b + 1 < brackets_.size(); ++b) {
            point -= brackets_[b].share;
            if (point < 0) return b;
        }
        return brackets_.size() - 1;
    }

    void take(const Created& created, Actions&) {
        ensure(created.member.value == positions_.size(), "members are numbered in order of birth");
        positions_.push_back({static_cast<std::uint8_t>(next_bracket_), 0, true, false});
        ++brackets_[next_bracket_].entered[0];
        ++in_flight_;
    }

    void take(const NoMoreMembers&, Actions&) {
        no_more_ = true;
        --asked_;  // the draw was not used: the next member asked for, after an extension, gets it
    }

    void take(const Reported& report, Actions& out) {
        --in_flight_;
        positions_[report.member.value].running = false;
        const auto position = positions_[report.member.value];
        auto& rung = brackets_[position.bracket].rungs[position.rung];
        entered_.clear();
        rung.finish(report.member, report.objective, entered_);
        if (!std::isfinite(report.objective)) {
            out.push_back(Release{report.member});
        } else if (settings_.variant == AshaVariant::stopping) {
            go_on_or_stop(report, position, rung, out);
            return;
        } else {
            const bool promotable = std::find(entered_.begin(), entered_.end(), report.member) != entered_.end();
            out.push_back(Keep{report.member, retention_priority(position.rung, report.objective), promotable});
        }
        for (const auto member : entered_) {
            if (member != report.member) out.push_back(Keep{member, static_cast<double>(position.rung) + 1, true});
        }
    }

    void go_on_or_stop(const Reported& report, Position position, const Rung& rung, Actions& out) {
        const bool top = std::find(entered_.begin(), entered_.end(), report.member) != entered_.end();
        const bool crowded = rung.finished() >= settings_.min_rung_population;
        const bool last = position.rung + 1U == brackets_[position.bracket].rungs.size();
        if (!last && (top || !crowded)) {
            ready_.push_back(report.member);
            out.push_back(Keep{report.member, 1e9, false});
        } else if (last) {
            out.push_back(Keep{report.member, retention_priority(position.rung, report.objective), top});
        } else {
            out.push_back(Release{report.member});
        }
    }

    void take(const GivenUp& given_up, Actions&) {
        auto& position = positions_[given_up.member.value];
        if (std::exchange(position.running, false)) --in_flight_;
        position.gone = true;
        std::erase(ready_, given_up.member);
    }

    void take(const Extended& extended, Actions&) {
        no_more_ = false;
        if (extended.max_resource <= settings_.max) return;
        settings_.max = extended.max_resource;
        for (auto& bracket : brackets_) {
            const auto old_top = bracket.rungs.size() - 1;
            extend_rungs(bracket.resources, settings_.min, settings_.max, settings_.eta);
            grow(bracket);
            if (settings_.variant != AshaVariant::stopping) continue;
            while (const auto member = bracket.rungs[old_top].take_best()) ready_.push_back(*member);
        }
    }

    AshaSettings settings_;
    std::vector<Bracket> brackets_;
    std::vector<Position> positions_;   ///< by member
    std::deque<MemberId> ready_;        ///< go on without waiting for anybody
    std::vector<MemberId> entered_;     ///< scratch
    std::size_t next_bracket_ = 0;      ///< of the member asked for
    std::uint64_t asked_ = 0;
    std::uint64_t in_flight_ = 0;
    bool no_more_ = false;
};

}  // namespace

std::unique_ptr<Scheduler> make_asha(const AshaSettings& settings) { return std::make_unique<Asha>(settings); }

}  // namespace stemma
