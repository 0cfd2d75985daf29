// SHA and Hyperband: brackets of synchronous halving, one after another as free workers ask for them.
#include <cmath>
#include <algorithm>
#include <deque>
#include <functional>
#include <utility>

#include "core/error.hpp"
#include "scheduler/halving.hpp"
#include "scheduler/hyperband.hpp"
#include "scheduler/rungs.hpp"
#include "scheduler/sha.hpp"

namespace stemma {

namespace {

struct Plan {
    std::uint64_t members = 0;
    std::vector<Resource> resources;
};

/// The bracket with this running number; nothing when there are no more.
using Planner = std::function<std::optional<Plan>(std::uint64_t number, Resource max)>;

class Synchronous : public Scheduler {
public:
    Synchronous(std::string name, std::int64_t eta, Resource max, std::uint64_t kinds, Planner plan)
        : name_(std::move(name)), eta_(eta), max_(max), kinds_(kinds), plan_(std::move(plan)) {
        ensure(open_next(), "there is a first bracket");
    }

    void on(const Event& event, Actions& out) override {
        std::visit([&](const auto& item) { take(item, out); }, event);
        retire();
    }

    std::vector<RungRow> rungs() const override {
        std::vector<RungRow> rows = totals_;
        for (const auto& [number, bracket] : open_) add(rows, bracket.rows());
        return rows;
    }
    bool exhausted() const override {
        if (!no_more_ && plan_(next_, max_)) return false;
        for (const auto& [number, bracket] : open_) {
            if (bracket.running() > 0 || !bracket.waiting()) return false;
        }
        return true;
    }
    std::string describe() const override { return name_; }
    std::size_t memory_bytes() const override { return bracket_of_.capacity() * sizeof(std::uint64_t); }

private:
    bool open_next() {
        auto plan = plan_(next_, max_);
        if (!plan) return false;
        open_.emplace_back(next_, HalvingBracket(static_cast<int>(next_ % kinds_), plan->members, std::move(plan->resources), eta_));
        ++next_;
        return true;
    }

    HalvingBracket* find(MemberId member) {
        for (auto& [number, bracket] : open_) {
            if (number == bracket_of_[member.value]) return &bracket;
        }
        return nullptr;
    }

    void take(const WorkWanted&, Actions& out) {
        while (true) {
            for (auto& [number, bracket] : open_) {
                if (const auto member = bracket.next()) {
                    out.push_back(Train{*member, bracket.resource()});
                    return;
                }
                if (bracket.wants_birth() && !no_more_) {
                    birth_ = number;
                    out.push_back(Create{bracket.resource()});
                    return;
                }
            }
            if (no_more_ || !open_next()) return;
        }
    }

    void take(const Created& created, Actions&) {
        ensure(created.member.value == bracket_of_.size(), "members are numbered in order of birth");
        bracket_of_.push_back(birth_);
        find(created.member)->born(created.member);
    }

    void take(const NoMoreMembers&, Actions& out) {
        no_more_ = true;
        for (auto& [number, bracket] : open_) {
            if (bracket.wants_birth()) bracket.close(out);
        }
    }

    void take(const Reported& report, Actions& out) { find(report.member)->reported(report.member, report.objective, out); }

    void take(const GivenUp& given_up, Actions& out) {
        if (auto* bracket = find(given_up.member)) bracket->given_up(given_up.member, out);
    }

    void take(const Extended& extended, Actions&) {
        // Brackets under way keep their rungs; later ones reach further.
        no_more_ = false;
        max_ = std::max(max_, extended.max_resource);
    }

    /// Finished brackets leave only their sums.
    void retire() {
        std::erase_if(open_, [&](const auto& item) {
            if (!item.second.done() || item.second.running() > 0) return false;
            add(totals_, item.second.rows());
            return true;
        });
    }

    static void add(std::vector<RungRow>& rows, const std::vector<RungRow>& more) {
        for (const auto& row : more) {
            auto found = std::find_if(rows.begin(), rows.end(), [&](const auto& known) {
                return known.bracket == row.bracket && known.resource == row.resource;
            });
            if (found == rows.end()) {
                found = std::find_if(rows.begin(), rows.end(), [&](const auto& known) {
                    return std::pair(known.bracket, known.resource) > std::pair(row.bracket, row.resource);
                });
                rows.insert(found, row);
            } else {
                found->entered += row.entered;
                found->finished += row.finished;
                found->promoted += row.promoted;
            }
        }
    }

    std::string name_;
    std::int64_t eta_;
    Resource max_;
    std::uint64_t kinds_;          ///< bracket numbers in tables repeat after so many
    Planner plan_;
    std::uint64_t next_ = 0;
    std::uint64_t birth_ = 0;      ///< bracket of the member asked for
    std::deque<std::pair<std::uint64_t, HalvingBracket>> open_;
    std::vector<std::uint64_t> bracket_of_;   ///< by member
    std::vector<RungRow> totals_;
    bool no_more_ = false;
};

std::string ladder(const std::vector<Resource>& resources) {
    std::string text;
    for (const auto resource : resources) text += " " + std::to_string(resource);
    return text;
}

}  // namespace

std::unique_ptr<Scheduler> make_sha(const ShaSettings& settings) {
    if (settings.members < 1) throw UserError("scheduler: sha needs members >= 1");
    const auto resources = rung_resources(settings.min, settings.max, settings.eta, settings.early_stopping_rate);
    return std::make_unique<Synchronous>(
        "SHA: " + std::to_string(settings.members) + " members, eta " + std::to_string(settings.eta) + ", rungs" + ladder(resources),
        settings.eta, settings.max, 1, [settings](std::uint64_t number, Resource max) -> std::optional<Plan> {
            if (number > 0 && !settings.repeat_brackets) return std::nullopt;
            return Plan{settings.members, rung_resources(settings.min, max, settings.eta, settings.early_stopping_rate)};
        });
}

std::uint64_t hyperband_members(const HyperbandSettings& settings, int first) {
    const int s_max = bracket_count(settings.min, settings.max, settings.eta) - 1;
    const int s = s_max - first;
    return static_cast<std::uint64_t>(
        std::ceil(static_cast<double>(s_max + 1) / (s + 1) * std::pow(static_cast<double>(settings.eta), s)));
}

std::unique_ptr<Scheduler> make_hyperband(const HyperbandSettings& settings) {
    const int all = bracket_count(settings.min, settings.max, settings.eta);
    const auto count = static_cast<std::uint64_t>(settings.brackets > 0 ? std::min(settings.brackets, all) : all);
    return std::make_unique<Synchronous>(
        "Hyperband: eta " + std::to_string(settings.eta) + ", " + std::to_string(count) + " brackets, rungs" +
            ladder(rung_resources(settings.min, settings.max, settings.eta)),
        settings.eta, settings.max, count, [settings, count](std::uint64_t number, Resource max) -> std::optional<Plan> {
            if (number >= count && !settings.repeat) return std::nullopt;
            auto now = settings;
            now.max = max;
            const int first = static_cast<int>(number % count);
            return Plan{hyperband_members(now, first), rung_resources(now.min, max, now.eta, first)};
        });
}

}  // namespace stemma
