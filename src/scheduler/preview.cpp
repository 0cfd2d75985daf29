#include "scheduler/preview.hpp"

#include <algorithm>

namespace stemma {

void add_bracket(std::vector<RungRow>& rows, int bracket, const std::vector<Resource>& resources, std::int64_t eta,
                 std::uint64_t members, std::uint64_t times, std::uint64_t least) {
    std::uint64_t share = members;
    if (members == 0) least = 0;
    for (std::size_t k = 0; k < resources.size(); ++k) {
        share /= static_cast<std::uint64_t>(eta);
        const auto next = k + 1 < resources.size() ? std::max(share, least) : 0;
        auto row = std::find_if(rows.begin(), rows.end(), [&](const RungRow& known) {
            return known.bracket == bracket && known.rung == static_cast<int>(k);
        });
        if (row == rows.end()) row = rows.insert(rows.end(), {bracket, static_cast<int>(k), resources[k], 0, 0, 0});
        row->entered += members * times;
        row->finished += members * times;
        row->promoted += next * times;
        members = next;
    }
}

Resource expected_resource(const std::vector<RungRow>& rungs) {
    Resource sum = 0;
    Resource below = 0;
    for (const auto& row : rungs) {
        if (row.rung == 0) below = 0;
        sum += static_cast<Resource>(row.entered) * (row.resource - below);
        below = row.resource;
    }
    return sum;
}

}  // namespace stemma
