#include "transport/mpi/bulk_channel.hpp"

#include <algorithm>
#include <utility>

#include "transport/mpi/requests.hpp"
#include "transport/mpi/tags.hpp"

namespace stemma {

BulkChannel::BulkChannel(const boost::mpi::communicator& communicator, const MpiEndpointSettings& settings)
    : communicator_(communicator), settings_(settings) {
    ensure(settings.chunk_bytes > 0 && settings.chunk_bytes < (std::size_t{1} << 31U),
           "chunk_bytes must fit an MPI count");
    ensure(settings.chunks_in_flight > 0, "chunks_in_flight must be positive");
    int* largest = nullptr;
    int found = 0;
    mpi_detail::check(MPI_Comm_get_attr(communicator, MPI_TAG_UB, &largest, &found), "MPI_Comm_get_attr");
    // The whole range, so that a chunk left over from an abandoned transfer never meets a later one of the same tag.
    tags_ = (found != 0 ? *largest : 32767) - bulk_tag;
}

BulkChannel::~BulkChannel() {
    while (!sends_.empty()) abandon(sends_.begin()->first);
    while (!receives_.empty()) abandon(receives_.begin()->first);
    clear_up();
    // What MPI still holds (a send that nobody receives) is left to it.
    for (auto& left : left_) new Left(std::move(left));
}

BulkChannel::Flow BulkChannel::make_flow(int peer, TransferId transfer, std::uint64_t bytes) const {
    ensure(peer >= 0 && peer < communicator_.size() && peer != communicator_.rank(),
           "a transfer with a rank that is not there");
    Flow flow;
    flow.peer = peer;
    flow.tag = bulk_tag + static_cast<int>(transfer.value % static_cast<std::uint64_t>(tags_));
    flow.bytes = bytes;
    // Nothing at all travels as one empty chunk.
    flow.chunks = std::max<std::uint64_t>(1, (bytes + settings_.chunk_bytes - 1) / settings_.chunk_bytes);
    return flow;
}

void BulkChannel::send(int to, TransferId transfer, std::shared_ptr<const Bytes> content) {
    const auto flow = make_flow(to, transfer, content->size());
    ensure(sends_.try_emplace(transfer, Sending{flow, std::move(content)}).second, "a transfer is sent twice");
}

void BulkChannel::receive(int from, TransferId transfer, std::uint64_t bytes) {
    const auto [entry, is_new] = receives_.try_emplace(transfer, Receiving{make_flow(from, transfer, bytes), {}});
    ensure(is_new, "a transfer is received twice");
    entry->second.content.resize(bytes);
}

void BulkChannel::abandon(TransferId transfer) {
    if (const auto found = sends_.find(transfer); found != sends_.end()) {
        left_.push_back({std::move(found->second.flow.requests), std::move(found->second.content), {}});
        sends_.erase(found);
    }
    if (const auto found = receives_.find(transfer); found != receives_.end()) {
        auto& requests = found->second.flow.requests;
        for (auto& request : requests) {
            if (request != MPI_REQUEST_NULL) MPI_Cancel(&request);
        }
        left_.push_back({std::move(requests), nullptr, std::move(found->second.content)});
        receives_.erase(found);
    }
}

void BulkChannel::progress(std::deque<Arrival>& arrivals) {
    for (auto it = sends_.begin(); it != sends_.end();) {
        const auto entry = it++;
        const bool started = start(entry->second);
        switch (started ? advance(entry->second.flow, false) : Outcome::failed) {
            case Outcome::complete:
            case Outcome::absent:
                arrivals.emplace_back(BulkSent{entry->first});
                sends_.erase(entry);
                break;
            case Outcome::failed:
                arrivals.emplace_back(PeerGone{entry->second.flow.peer});
                abandon(entry->first);
                break;
            case Outcome::under_way:
                break;
        }
    }
    for (auto it = receives_.begin(); it != receives_.end();) {
        const auto entry = it++;
        auto& receiving = entry->second;
        const auto transfer = entry->first;
        const bool started = start(receiving);
        switch (started ? advance(receiving.flow, true) : Outcome::failed) {
            case Outcome::complete:
                arrivals.emplace_back(BulkArrived{transfer, std::move(receiving.content)});
                receives_.erase(entry);
                break;
            case Outcome::absent:
                abandon(transfer);
                arrivals.emplace_back(BulkArrived{transfer, {}});
                break;
            case Outcome::failed:
                arrivals.emplace_back(PeerGone{receiving.flow.peer});
                abandon(transfer);
                break;
            case Outcome::under_way:
                break;
        }
    }
    if (!left_.empty()) clear_up();
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
