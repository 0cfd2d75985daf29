// Files that are no run files, or no longer: a clear error or a correct prefix, never a crash.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "record/hdf5/run_file.hpp"
#include "record/hdf5/snapshot_file.hpp"
#include "record_samples.hpp"
#include "scratch_file.hpp"
#include "support/errors.hpp"

namespace stemma {
namespace {

using testing::bytes_of;
using testing::content_of;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using testing::write_content;

class Damage : public ::testing::Test {
protected:
    void write_run(std::uint64_t entries, bool finished) {
        const auto writer = record::RunFileWriter::create(file, testing::sample_header());
        testing::SampleRun run;
        for (std::uint64_t i = 0; i < entries; ++i) {
            const auto entry = run.next();
            writer->append(entry.input, entry.effects);
            if (i % 10 == 9) writer->commit();
        }
        writer->close(finished);
    }
    /// True if it was read to the end. Entries handed out before an error are checked too.
    bool reads(const std::filesystem::path& path) {
        testing::SampleRun run;
        try {
            record::RunFileReader reader(path);
            reader.entries([&](const record::Entry& entry) { EXPECT_EQ(bytes_of(entry), bytes_of(run.next())); });
            return true;
        } catch (const UserError& error) {
            EXPECT_THAT(error.what(), HasSubstr(path.string()));
            return false;
        }
    }
    testing::ScratchFolder folder;
    std::filesystem::path file = folder / "run.h5";
};

TEST_F(Damage, OtherFilesAreNamedForWhatTheyAre) {
    const auto opening = [](const std::filesystem::path& path) {
        return [path] { const record::RunFileReader reader(path); };
    };
    EXPECT_THAT(opening(file), ThrowsMessage<UserError>(HasSubstr("no such file")));
    write_content(file, "");
    EXPECT_THAT(opening(file), ThrowsMessage<UserError>(HasSubstr("empty")));
    write_content(file, "member,loss\n1,0.5\n");
    EXPECT_THAT(opening(file), ThrowsMessage<UserError>(HasSubstr("not an HDF5 file")));
    record::write_snapshot_file(file, Snapshot{}, {"id", {1}, 2});
    EXPECT_THAT(opening(file), ThrowsMessage<UserError>(HasSubstr("not a run file")));
}

TEST_F(Damage, CutFilesNeverGiveWrongEntries) {
    for (const bool finished : {false, true}) {
        std::filesystem::remove(file);
        write_run(300, finished);
        const auto whole = content_of(file);
        ASSERT_TRUE(reads(file));
        int refused = 0;
        for (std::size_t cut = 0; cut < 60; ++cut) {
            write_content(folder / "cut.h5", whole.substr(0, whole.size() * cut / 60));
            refused += reads(folder / "cut.h5") ? 0 : 1;
        }
        EXPECT_GT(refused, 10);
    }
}

TEST_F(Damage, FlippedBitsNeverGiveWrongEntries) {
    write_run(300, false);
    const auto whole = content_of(file);
    Stream stream(9, Purpose::test);
    int refused = 0;
    for (int i = 0; i < 120; ++i) {  // a wait of 67 ms for each flip that hits a live structure
        auto damaged = whole;
        for (auto flips = 1 + stream.below(8); flips > 0; --flips) {
            // Half of the flips near the start, where HDF5's own structures lie.
            const auto at = stream.below(stream.below(2) == 0 ? 20'000 : damaged.size());
            damaged[at] = static_cast<char>(damaged[at] ^ (1 << stream.below(8)));
        }
        write_content(folder / "damaged.h5", damaged);
        refused += reads(folder / "damaged.h5") ? 0 : 1;
    }
    EXPECT_GT(refused, 5);
}

TEST_F(Damage, ADamagedInputIsNamedAndResumeRefuses) {
    write_run(300, false);
    auto bytes = content_of(file);
    const auto at = bytes.rfind("host-2");
    ASSERT_NE(at, std::string::npos);
    // Once in the payload, once in the texts: the payload is the truth.
    bytes[bytes.find("host-2")] = 'H';
    bytes[at] = 'H';
    write_content(file, bytes);
    EXPECT_THAT([&] { record::RunFileReader(file).entries([](const record::Entry&) {}); },
                ThrowsMessage<UserError>(HasSubstr("input 2 of 300 is damaged")));
    EXPECT_ERROR(record::RunFileWriter::append_to(file), UserError, "input 2 of 300 is damaged");
    EXPECT_EQ(content_of(file), bytes) << "the damaged file is left for a rescue";
}

}  // namespace
}  // namespace stemma
