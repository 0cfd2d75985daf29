#include "platform/seats.hpp"

#include "core/error.hpp"

namespace stemma {

std::string to_text(const RankFacts& facts) {
    auto text = facts.host;
    for (const auto& gpu : facts.gpus) text += '\t' + gpu.uuid;
    return text;
}

RankFacts facts_of(std::string_view text) {
    RankFacts facts{std::string(text.substr(0, text.find('\t'))), {}};
    for (auto at = text.find('\t'); at != std::string_view::npos;) {
        const auto next = text.find('\t', at + 1);
        const auto uuid = text.substr(at + 1, next == std::string_view::npos ? next : next - at - 1);
        facts.gpus.push_back({static_cast<int>(facts.gpus.size()), std::string(uuid), {}});
        at = next;
    }
    return facts;
}

WorkerSeat seat_of(int rank, const std::vector<RankFacts>& ranks) {
    ensure(rank >= 1 && rank < std::ssize(ranks), "a worker's rank");
    const auto own = static_cast<std::size_t>(rank);
    WorkerSeat seat;
    for (std::size_t other = 1; other < ranks.size(); ++other) {
        if (ranks[other].host != ranks[own].host) continue;
        if (other == own) seat.index = seat.workers();
        seat.gpus.push_back(ranks[other].gpus);
    }
    return seat;
}

}  // namespace stemma
