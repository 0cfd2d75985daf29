#include "scheduler/halving.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "outcome/order.hpp"
#include "scheduler/report_outcome.hpp"
#include "scheduler/retention.hpp"
#include "scheduler/rungs.hpp"

namespace stemma {

HalvingBracket::HalvingBracket(int number, std::uint64_t members, std::vector<Resource> resources, std::int64_t eta)
    : number_(number), size_(members), resources_(std::move(resources)), eta_(eta) {
    add_rows();
}

void HalvingBracket::add_rows() {
    for (auto k = rows_.size(); k < resources_.size(); ++k) {
        rows_.push_back({number_, static_cast<int>(k), resources_[k], 0, 0, 0});
    }
}

std::optional<MemberId> HalvingBracket::next() {
    if (queue_.empty()) return std::nullopt;
    const auto member = queue_.back();
    queue_.pop_back();
    ++running_;
    ++rows_[level_].entered;
    return member;
}

void HalvingBracket::born() {
    ++born_;
    ++running_;
    ++rows_[0].entered;
}

void HalvingBracket::close(Actions& out) {
    if (!wants_birth()) return;
    size_ = born_;
    settle(out);
}

void HalvingBracket::reported(const event::Report& report, Actions& out) {
    --running_;
    ++rows_[level_].finished;
    if (std::isfinite(report.objective)) {
        out.push_back(action::Keep{report.member, priority(report), false});
        finished_.push_back({report.objective, report.member});
        if (!report.more.empty()) several_.push_back({report.member, outcome_of(report)});
    } else {
        out.push_back(action::Release{report.member});
    }
    settle(out);
}

double HalvingBracket::priority(const event::Report& report) const {
    if (report.more.empty()) return retention_priority(level_, report.objective);
    const auto outcome = outcome_of(report);
    const auto better = std::count_if(several_.begin(), several_.end(), [&](const Candidate& other) {
        return dominates(other.outcome.objectives, outcome.objectives);
    });
    return dominated_priority(level_, static_cast<std::uint64_t>(better));
}

void HalvingBracket::sort_finished() {
    if (several_.empty()) {
        std::sort(finished_.begin(), finished_.end());
        return;
    }
    finished_.clear();
    for (const auto index : order_of(several_)) {
        const auto& candidate = several_[index];
        finished_.push_back({candidate.outcome.objectives[0], candidate.member});
    }
}

void HalvingBracket::dropped(Actions& out) {
    --running_;
    settle(out);
}

void HalvingBracket::withdrawn(MemberId member, Actions& out) {
    std::erase_if(finished_, [&](const auto& item) { return item.member == member; });
    std::erase_if(several_, [&](const auto& item) { return item.member == member; });
    if (std::erase(queue_, member) > 0) settle(out);
}

void HalvingBracket::extend(Resource max) {
    extend_halving(resources_, max, eta_);
    add_rows();
}

void HalvingBracket::reopen(Actions& out) {
    if (!done_ || finished_.empty() || level_ + 1 == resources_.size()) return;
    done_ = false;
    settle(out);
}

std::uint64_t HalvingBracket::places_above() const {
    if (level_ + 1 == resources_.size()) return 0;
    std::uint64_t places = size_;
    for (std::size_t k = 0; k <= level_; ++k) places /= static_cast<std::uint64_t>(eta_);
    return std::max<std::uint64_t>(places, 1);
}

void HalvingBracket::settle(Actions& out) {
    if (done_ || running_ > 0 || !queue_.empty() || wants_birth()) return;
    sort_finished();
    const auto chosen = std::min<std::size_t>(places_above(), finished_.size());
    if (level_ + 1 == resources_.size()) {
        done_ = true;  // finished_ stays: larger resources may come
        return;
    }
    for (std::size_t i = chosen; i < finished_.size(); ++i) out.push_back(action::Release{finished_[i].member});
    for (std::size_t i = chosen; i-- > 0;) {
        queue_.push_back(finished_[i].member);
        out.push_back(action::Keep{finished_[i].member, certain_to_go_on, true});
    }
    rows_[level_].promoted += chosen;
    finished_.clear();
    several_.clear();
    if (chosen == 0) {
        done_ = true;
    } else {
        ++level_;
    }
}

}  // namespace stemma
