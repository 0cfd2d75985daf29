#include "transport/mpi/bulk_channel.hpp"

#include <algorithm>
#include <utility>

#include "transport/mpi/requests.hpp"
#include "transport/mpi/tags.hpp"

namespace stemma {
namespace {

/// A send without progress for this long no longer counts against sends_at_once: its receiver may be stopped or dead.
constexpr auto stalled_after = std::chrono::seconds(1);

}  // namespace

BulkChannel::BulkChannel(const boost::mpi::communicator& communicator, Wakeups& wakeups,
                         const MpiEndpointSettings& settings)
    : communicator_(communicator), wakeups_(wakeups), settings_(settings) {
    ensure(settings.chunk_bytes > 0 && settings.chunk_bytes < (std::size_t{1} << 31U),
           "chunk_bytes must fit an MPI count");
    ensure(settings.chunks_in_flight > 0, "chunks_in_flight must be positive");
    ensure(settings.sends_at_once > 0, "sends_at_once must be positive");
    int* largest = nullptr;
    int found = 0;
    mpi_detail::check(MPI_Comm_get_attr(communicator, MPI_TAG_UB, static_cast<void*>(&largest), &found),
                      "MPI_Comm_get_attr");
    // The whole range of tags, so that a chunk of an abandoned transfer never meets a later transfer with the same tag.
    tags_ = (found != 0 ? *largest : 32767) - bulk_tag;
}

BulkChannel::~BulkChannel() {
    try {
        for (auto& sending : sends_) abandon(sending);
        sends_.clear();
        for (auto& [transfer, receiving] : receives_) abandon(receiving, false);
        receives_.clear();
        clear_up();
    } catch (...) {
        // No memory is left for that: then more than need be stays with MPI.
    }
    // Sends that MPI still holds, because no rank receives them, stay with MPI.
    mpi_detail::leave_to_mpi(sends_);
    mpi_detail::leave_to_mpi(receives_);
    mpi_detail::leave_to_mpi(left_);
}

BulkChannel::Flow BulkChannel::make_flow(int peer, TransferId transfer, std::uint64_t bytes) const {
    ensure(peer >= 0 && peer < communicator_.size() && peer != communicator_.rank(),
           "a transfer with a rank that is not there");
    Flow flow;
    flow.peer = peer;
    flow.tag = bulk_tag + static_cast<int>(transfer.value % static_cast<std::uint64_t>(tags_));
    flow.bytes = bytes;
    // An empty snapshot travels as one empty chunk.
    flow.chunks = std::max<std::uint64_t>(1, (bytes + settings_.chunk_bytes - 1) / settings_.chunk_bytes);
    return flow;
}

std::vector<BulkChannel::Sending>::iterator BulkChannel::find_send(TransferId transfer) {
    return std::find_if(sends_.begin(), sends_.end(), [&](const auto& each) { return each.transfer == transfer; });
}

void BulkChannel::send(int to, TransferId transfer, std::shared_ptr<const Bytes> content) {
    ensure(find_send(transfer) == sends_.end(), "a transfer is sent twice");
    const auto flow = make_flow(to, transfer, content->size());
    sends_.push_back({transfer, flow, std::move(content), {}});
}

void BulkChannel::receive(int from, TransferId transfer, std::uint64_t bytes) {
    const auto [entry, is_new] =
        receives_.try_emplace(transfer, Receiving{.flow = make_flow(from, transfer, bytes), .content = {}});
    ensure(is_new, "a transfer is received twice");
    entry->second.content.resize(bytes);
    const auto& flow = entry->second.flow;  // a transfer that had the same tag long ago sends nothing more
    std::erase_if(unwanted_, [&](const auto& old) { return old.peer == flow.peer && old.tag == flow.tag; });
}

void BulkChannel::abandon(TransferId transfer) {
    if (const auto found = find_send(transfer); found != sends_.end()) {
        abandon(*found);
        sends_.erase(found);
    }
    if (const auto found = receives_.find(transfer); found != receives_.end()) {
        abandon(found->second, true);
        receives_.erase(found);
    }
}

void BulkChannel::abandon(Sending& sending) {
    auto& flow = sending.flow;
    // The last chunk tells the receiver that nothing more comes. An error of a dead receiver is no news.
    if (flow.chunks_started < flow.chunks) {
        MPI_Isend(nullptr, 0, MPI_BYTE, flow.peer, flow.tag, communicator_,
                  &flow.requests.emplace_back(MPI_REQUEST_NULL));
        wakeups_.wake(flow.peer);
    }
    left_.push_back({std::move(flow.requests), std::move(sending.content), {}});
}

void BulkChannel::abandon(Receiving& receiving, bool more_comes) {
    auto& flow = receiving.flow;
    auto to_come = flow.chunks - flow.chunks_started;
    std::deque<MPI_Request> matched;
    for (auto request : flow.requests) {
        if (request == MPI_REQUEST_NULL) continue;  // the request failed
        int done = 0;
        int canceled = 0;
        int bytes = 0;
        MPI_Status status;
        MPI_Cancel(&request);
        if (MPI_Test(&request, &done, &status) != MPI_SUCCESS) continue;
        if (done == 0) {
            matched.push_back(request);
            continue;
        }
        MPI_Test_cancelled(&status, &canceled);
        MPI_Get_count(&status, MPI_BYTE, &bytes);
        if (canceled != 0) ++to_come;
        if (canceled == 0 && bytes == 0) more_comes = false;
    }
    if (to_come > 0 && more_comes) unwanted_.push_back({flow.peer, flow.tag, to_come});
    left_.push_back({std::move(matched), nullptr, std::move(receiving.content)});
}

void BulkChannel::take_unwanted() {
    std::erase_if(unwanted_, [this](Unwanted& unwanted) {
        while (unwanted.chunks > 0) {
            int there = 0;
            int bytes = 0;
            MPI_Message message = MPI_MESSAGE_NULL;
            MPI_Status status;
            if (MPI_Improbe(unwanted.peer, unwanted.tag, communicator_, &there, &message, &status) != MPI_SUCCESS) {
                return true;  // the peer is gone
            }
            if (there == 0) return false;
            MPI_Get_count(&status, MPI_BYTE, &bytes);
            auto& left = left_.emplace_back();
            left.received.resize(static_cast<std::size_t>(bytes));
            MPI_Imrecv(left.received.data(), bytes, MPI_BYTE, &message, &left.requests.emplace_back(MPI_REQUEST_NULL));
            unwanted.chunks = bytes == 0 ? 0 : unwanted.chunks - 1;
        }
        return true;
    });
}

void BulkChannel::progress(std::deque<Arrival>& arrivals) {
    moving_ = false;
    progress_sends(arrivals);
    progress_receives(arrivals);
    if (!unwanted_.empty()) take_unwanted();
    if (!left_.empty()) clear_up();
}

void BulkChannel::progress_sends(std::deque<Arrival>& arrivals) {
    if (sends_.empty()) return;
    const auto now = Clock::now();
    int moving = 0;
    for (auto it = sends_.begin(); it != sends_.end() && moving < settings_.sends_at_once;) {
        auto& sending = *it;
        if (sending.flow.chunks_started == 0) sending.moved = now;
        const bool started = start(sending);
        const auto in_flight = sending.flow.requests.size();
        const auto outcome = started ? advance(sending.flow, false) : Outcome::failed;
        if (outcome == Outcome::under_way) {
            if (sending.flow.requests.size() < in_flight) sending.moved = now;
            if (now - sending.moved < stalled_after) ++moving;
            ++it;
            continue;
        }
        if (outcome == Outcome::failed) {
            arrivals.emplace_back(PeerGone{sending.flow.peer});
            abandon(sending);
        } else {
            arrivals.emplace_back(BulkSent{sending.transfer});
        }
        it = sends_.erase(it);
    }
    moving_ = moving > 0;
}

void BulkChannel::progress_receives(std::deque<Arrival>& arrivals) {
    if (receives_.empty()) return;
    const auto now = Clock::now();
    for (auto it = receives_.begin(); it != receives_.end();) {
        const auto entry = it++;
        auto& receiving = entry->second;
        const auto transfer = entry->first;
        const bool started = start(receiving);
        const auto in_flight = receiving.flow.requests.size();
        switch (started ? advance(receiving.flow, true) : Outcome::failed) {
            case Outcome::complete:
                arrivals.emplace_back(BulkArrived{transfer, std::move(receiving.content)});
                receives_.erase(entry);
                break;
            case Outcome::absent:
                arrivals.emplace_back(BulkArrived{transfer, {}});
                abandon(receiving, false);
                receives_.erase(entry);
                break;
            case Outcome::failed:
                arrivals.emplace_back(PeerGone{receiving.flow.peer});
                abandon(receiving, false);
                receives_.erase(entry);
                break;
            case Outcome::under_way:
                if (receiving.flow.requests.size() < in_flight) receiving.moved = now;
                moving_ = moving_ || now - receiving.moved < stalled_after;
                break;
        }
    }
}

bool BulkChannel::start(Sending& sending) {
    auto& flow = sending.flow;
    while (flow.chunks_started < flow.chunks && flow.requests.size() < settings_.chunks_in_flight) {
        const auto size = std::min<std::uint64_t>(settings_.chunk_bytes, flow.bytes - flow.offset);
        auto& request = flow.requests.emplace_back(MPI_REQUEST_NULL);
        if (MPI_Isend(sending.content->data() + flow.offset, static_cast<int>(size), MPI_BYTE, flow.peer, flow.tag,
                      communicator_, &request) != MPI_SUCCESS) {
            flow.requests.pop_back();
            return false;
        }
        wakeups_.wake(flow.peer);
        flow.offset += size;
        ++flow.chunks_started;
    }
    return true;
}

bool BulkChannel::start(Receiving& receiving) {
    auto& flow = receiving.flow;
    while (flow.chunks_started < flow.chunks && flow.requests.size() < settings_.chunks_in_flight) {
        const auto size = std::min<std::uint64_t>(settings_.chunk_bytes, flow.bytes - flow.offset);
        auto& request = flow.requests.emplace_back(MPI_REQUEST_NULL);
        if (MPI_Irecv(receiving.content.data() + flow.offset, static_cast<int>(size), MPI_BYTE, flow.peer, flow.tag,
                      communicator_, &request) != MPI_SUCCESS) {
            flow.requests.pop_back();
            return false;
        }
        flow.offset += size;
        ++flow.chunks_started;
    }
    return true;
}

BulkChannel::Outcome BulkChannel::advance(Flow& flow, bool receiving) {
    while (!flow.requests.empty()) {
        int done = 0;
        MPI_Status status;
        if (MPI_Test(&flow.requests.front(), &done, &status) != MPI_SUCCESS) return Outcome::failed;
        if (done == 0) return Outcome::under_way;
        flow.requests.pop_front();
        if (!receiving || flow.bytes == 0) continue;
        int bytes = 0;
        MPI_Get_count(&status, MPI_BYTE, &bytes);
        if (bytes == 0) return Outcome::absent;
    }
    return flow.chunks_started == flow.chunks ? Outcome::complete : Outcome::under_way;
}

void BulkChannel::clear_up() {
    std::erase_if(left_, [](Left& left) {
        while (!left.requests.empty()) {
            int done = 0;
            const auto code = MPI_Test(&left.requests.front(), &done, MPI_STATUS_IGNORE);
            if (code == MPI_SUCCESS && done == 0) return false;
            left.requests.pop_front();
        }
        return true;
    });
}

}  // namespace stemma
