// Memory of rank 0 over a long search: the real manager, ASHA, and the real run file, fed by simulated workers. A line
// for each tenth of the members: resident memory, the manager's own figure, and the file size.
//
//     bench_rank0_memory [MEMBERS] [FILE]     1,000,000 members; FILE "none": without a run file
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "record/hdf5/run_file.hpp"
#include "sampler/random.hpp"
#include "study.hpp"

using namespace stemma;

namespace {

/// Bytes that are resident now.
double resident() {
    std::ifstream file("/proc/self/statm");
    double size = 0;
    double pages = 0;
    file >> size >> pages;
    return pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

record::RunHeader header() {
    record::RunHeader header;
    header.run_id = "0000000000000001";
    header.name = "rank0_memory";
    header.job_text = "[run]\nname = \"rank0_memory\"\n";
    header.metric = "loss";
    header.unit = "epoch";
    header.metrics = {{"loss", false}};
    header.parameters = {"a", "b", "c"};
    header.space_json = "{}";
    return header;
}

class Watch : public SimulationObserver {
public:
    Watch(const Manager& manager, std::uint64_t members)
        : manager_(manager), step_(std::max<std::uint64_t>(1, members / 10)) {
        std::printf("%12s %12s %14s %14s %16s\n", "members", "reports", "resident, MB", "manager, MB",
                    "bytes a report");
        start_ = resident();
    }
    void on(const Input&, std::span<const Effect>) override {
        if (manager_.member_count() < next_) return;
        next_ += step_;
        print();
    }
    void print() const {
        const auto totals = manager_.totals();
        std::printf("%12llu %12llu %14.1f %14.1f %16.1f\n", static_cast<unsigned long long>(totals.members),
                    static_cast<unsigned long long>(totals.reports), resident() / 1e6,
                    static_cast<double>(manager_.memory_bytes()) / 1e6,
                    (resident() - start_) / static_cast<double>(std::max<std::uint64_t>(1, totals.reports)));
        std::fflush(stdout);
    }

private:
    const Manager& manager_;
    std::uint64_t step_;
    std::uint64_t next_ = 0;
    double start_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    const std::uint64_t members = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
    const std::string file = argc > 2 ? argv[2] : std::filesystem::temp_directory_path() / "rank0_memory.h5";
    study::Search search;
    search.manager.budget.members = members;
    search.machine.workers = 1000;
    search.machine.noise = DurationNoise::lognormal;
    search.machine.noise_sd = 0.5;
    search.machine.message_seconds = 0.005;
    const auto space = study::space();
    Manager manager(search.manager, *space, study::make_scheduler("asha", search.eta, search.min, search.max, 0, 1),
                    make_random_sampler(space, 1));
    std::unique_ptr<record::Journal> journal = record::null_journal();
    if (file != "none") {
        std::filesystem::remove(file);
        journal = record::RunFileWriter::create(file, header());
    }
    Watch watch(manager, members);
    const auto result = simulate(manager, study::surface(), search.machine, *journal, &watch);
    watch.print();
    std::printf("simulated workers take %.1f MB of that; %llu inputs, %.0f s of the search, %.0f s here\n",
                static_cast<double>(result.simulator_bytes) / 1e6, static_cast<unsigned long long>(result.inputs),
                result.seconds, result.wall_seconds);
    if (file == "none") return 0;
    journal.reset();
    std::printf("%s: %.1f MB\n", file.c_str(), static_cast<double>(std::filesystem::file_size(file)) / 1e6);
    std::filesystem::remove(file);
}
