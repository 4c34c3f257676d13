using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Core.State;
using Microsoft.Data.Sqlite;

namespace Entrepot.Tests.Core.State;

public sealed class StateDatabaseTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-state-").FullName;

    private string File => Path.Combine(_folder, "state.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Writes_that_wait_together_are_all_durable_and_numbered_without_gaps()
    {
        await using (var state = StateDatabase.Open(File))
            await Task.WhenAll(Enumerable.Range(0, 500).Select(i => state.WriteAsync(t => Append(t, $"thing-{i}"))));

        await using var reopened = StateDatabase.Open(File);
        var entries = JournalTable.Read(reopened, 0, 1000);
        entries.Select(e => e.Sequence).ShouldBe(Enumerable.Range(1, 500).Select(i => (long)i));
        entries.Select(e => e.Subject).Distinct().Count().ShouldBe(500);
    }

    [Fact]
    public async Task Nobody_but_its_owner_reads_it_also_when_an_earlier_build_made_it()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("there the folder's access list guards it");
            return;
        }

        for (var round = 0; round < 2; round++)
        {
            await using (var state = StateDatabase.Open(File))
            {
                await state.WriteAsync(t => Append(t, "thing"));
                foreach (var file in Directory.EnumerateFiles(_folder, "state.db*"))
                    System.IO.File.GetUnixFileMode(file).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite, file);
            }

            System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }
    }

    [Fact]
    public async Task A_write_that_fails_is_undone_and_takes_no_other_with_it()
    {
        await using var state = StateDatabase.Open(File);
        var tasks = Enumerable.Range(0, 50).Select(i => state.WriteAsync(t =>
        {
            Append(t, $"thing-{i}");
            if (i % 2 == 1)
                throw new InvalidOperationException($"refused {i}");
        })).ToList();

        await Task.WhenAll(tasks).ShouldThrowAsync<InvalidOperationException>();

        JournalTable.Read(state, 0, 1000).Select(e => e.Subject).Order()
            .ShouldBe(Enumerable.Range(0, 50).Where(i => i % 2 == 0).Select(i => $"thing-{i}").Order());
    }

    [Fact]
    public async Task The_journal_refuses_edits()
    {
        await using var state = StateDatabase.Open(File);
        await state.WriteAsync(t => Append(t, "a"));

        await Should.ThrowAsync<SqliteException>(() => state.WriteAsync(t => t.Execute("UPDATE journal SET action = 'thing.break'")));
        await Should.ThrowAsync<SqliteException>(() => state.WriteAsync(t => t.Execute("DELETE FROM journal")));
        JournalTable.Read(state, 0, 10).Single().Actor.ShouldBe("test");
    }

    [Fact]
    public async Task A_newer_database_is_refused_and_left_alone()
    {
        await using (var state = StateDatabase.Open(File))
            await state.WriteAsync(t => t.Execute("INSERT INTO SchemaVersions (ScriptName, Applied) VALUES ('Entrepot.Future.Migrations.9999-later.sql', '2030-01-01')"));

        var error = Should.Throw<FaultException>(() => StateDatabase.Open(File));

        error.Fault.Is(StateFault.NewerVersion).ShouldBeTrue();
        error.Fault.Message.ShouldContain("9999-later");
        error.Fault.Cure.ShouldNotBeNull();
    }

    [Fact]
    public void A_file_that_is_no_database_is_named_in_the_error()
    {
        System.IO.File.WriteAllText(File, new string('x', 8192));

        var error = Should.Throw<FaultException>(() => StateDatabase.Open(File));

        error.Fault.Is(StateFault.Damaged).ShouldBeTrue();
        error.Message.ShouldContain(File);
    }

    private static void Append(StateTransaction transaction, string subject)
        => JournalTable.Append(transaction, new JournalEntry(DateTimeOffset.UnixEpoch, "test", "thing.make", subject));
}
