#include "scheduler/referee.hpp"

#include <algorithm>

namespace stemma {

std::vector<ArmVerdict> Referee::judge(std::vector<bool> living) {
    std::vector<ArmVerdict> verdicts;
    const auto arms = closes_.size();
    for (std::size_t coarse = arms; coarse-- > 1;) {
        if (!living[coarse] || closes_[coarse].empty()) continue;
        const auto& ahead = closes_[coarse].back();
        if (ahead.at >= max_) continue;
        for (std::size_t fine = 0; fine < coarse; ++fine) {
            const auto& own = closes_[fine];
            if (!living[fine] || own.empty() || own.back().at < ahead.at || own.back().at >= max_) continue;
            auto& judged = judged_[coarse * arms + fine];
            if (judged == ahead.at) continue;
            judged = ahead.at;
            const auto from = std::ranges::find_if(own, [&](const ArmClose& close) { return close.at >= ahead.at; });
            const auto behind = std::min_element(
                from, own.end(), [](const ArmClose& a, const ArmClose& b) { return a.objective < b.objective; });
            if (!(ahead.objective < behind->objective)) continue;
            living[fine] = false;
            verdicts.push_back({fine, coarse, ahead, *behind});
        }
    }
    return verdicts;
}

}  // namespace stemma
