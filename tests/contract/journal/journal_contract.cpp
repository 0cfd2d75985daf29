#include "contract/journal/journal_suite.hpp"
#include "record/hdf5/run_file.hpp"
#include "record/memory_journal.hpp"
#include "unit/record/scratch_file.hpp"

namespace stemma::testing {
namespace {

class InMemory {
public:
    Journal& make() { return journal_; }
    std::vector<Entry> committed() const { return {journal_.committed().begin(), journal_.committed().end()}; }

private:
    MemoryJournal journal_;
};

class InFile {
public:
    Journal& make() { return *(writer_ = RunFileWriter::create(file_, sample_header())); }
    std::vector<Entry> committed() const {
        std::vector<Entry> entries;
        RunFileReader(file_).entries([&](const Entry& entry) { entries.push_back(entry); });
        return entries;
    }

private:
    ScratchFolder folder_;
    std::filesystem::path file_ = folder_ / "run.h5";
    std::unique_ptr<RunFileWriter> writer_;
};

using Subjects = ::testing::Types<InMemory, InFile>;
INSTANTIATE_TYPED_TEST_SUITE_P(Journals, JournalSuite, Subjects);

}  // namespace
}  // namespace stemma::testing
