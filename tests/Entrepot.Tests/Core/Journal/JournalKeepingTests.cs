using CsCheck;
using Dapper;
using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Core.State;

namespace Entrepot.Tests.Core.Journal;

public sealed class JournalKeepingTests : IAsyncDisposable
{
    private readonly JournalSample _journal = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _journal.DisposeAsync();

    [Fact]
    public async Task Nothing_of_what_an_entry_tells_is_in_the_file_but_when_what_and_how_it_ended()
    {
        await _journal.State.WriteAsync(transaction => JournalTable.Append(transaction, new JournalEntry(
            JournalSample.Start, "user:hildegard@192.0.2.77", "thing.change", "treasury", """{"reason":"confidential"}""") { Before = "\"bronze\"", After = "\"silver\"" }));
        await _journal.ReopenAsync();

        var bytes = string.Concat(Directory.EnumerateFiles(Path.GetDirectoryName(_journal.File)!).Select(static file =>
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(stream, System.Text.Encoding.Latin1);
            return reader.ReadToEnd();
        }));

        bytes.ShouldContain("thing.change");
        foreach (var word in (string[])["hildegard", "192.0.2.77", "treasury", "confidential", "bronze", "silver"])
            bytes.ShouldNotContain(word);
        var entry = JournalTable.Read(_journal.State, 0, 10).Single();
        (entry.By, entry.Subject, entry.Before, entry.After).ShouldBe((new JournalActor("user:hildegard", "192.0.2.77"), "treasury", "\"bronze\"", "\"silver\""));
    }

    [Fact]
    public async Task Entries_are_found_by_actor_time_and_action()
    {
        await _journal.AppendAsync(5, "user:ann@10.0.0.7");
        await _journal.AppendAsync(5, "token:ann@10.0.0.8");
        await _journal.AppendAsync(5, "system:guard");

        Count(new JournalQuery(0, 100) { Who = "ann" }).ShouldBe(10);
        Count(new JournalQuery(0, 100) { Who = "user:ann" }).ShouldBe(5);
        Count(new JournalQuery(0, 100) { Who = "10.0.0.8" }).ShouldBe(5);
        Count(new JournalQuery(0, 100) { Who = "an" }).ShouldBe(0);
        Count(new JournalQuery(0, 3) { Who = "ann" }).ShouldBe(3);
        Count(new JournalQuery(0, 100) { Since = JournalSample.Start.AddMinutes(12), Until = JournalSample.Start.AddMinutes(13) }).ShouldBe(2);
        Count(new JournalQuery(0, 100) { Action = "thing" }).ShouldBe(15);
        Count(new JournalQuery(0, 100) { Action = "thing%" }).ShouldBe(0);
        JournalTable.Read(_journal.State, new JournalQuery(null, 2), Stop).Select(static entry => entry.Sequence).ShouldBe([14, 15]);

        int Count(JournalQuery query) => JournalTable.Read(_journal.State, query, Stop).Count;
    }

    [Fact]
    public async Task An_entry_that_does_not_open_hides_no_other()
    {
        await _journal.AppendAsync(3);
        _journal.Tamper("UPDATE journal SET payload = zeroblob(100) WHERE sequence = 2");

        JournalTable.Read(_journal.State, 0, 10).Select(static entry => entry.By.Who).ShouldBe(["user:ann", "unreadable", "user:ann"]);
    }

    [Fact]
    public async Task What_expires_takes_nothing_from_the_proof_of_what_stays()
    {
        await _journal.AppendAsync(10);
        await _journal.CheckpointAsync();
        await _journal.AppendAsync(10);
        await _journal.CheckpointAsync();
        var cutoff = _journal.Now + TimeSpan.FromSeconds(30);
        _journal.Now += TimeSpan.FromDays(1);
        await _journal.AppendAsync(10);
        await _journal.CheckpointAsync();

        (await JournalKeeping.ExpireAsync(_journal.State, cutoff, _journal.Now, Stop)).ShouldBe(20);

        var proof = _journal.Verify();
        (proof.Break, proof.First, proof.Last, proof.SignedUpTo).ShouldBe((null, 21, 31, 31));
        var note = JournalTable.ReadNewest(_journal.State, 1).Single();
        (note.Action, note.Subject).ShouldBe(("journal.expire", "1-20"));
        (await JournalKeeping.ExpireAsync(_journal.State, cutoff, _journal.Now, Stop)).ShouldBe(0);
        await _journal.AppendAsync(3);
        await _journal.CheckpointAsync();
        _journal.Verify().Break.ShouldBeNull();
    }

    [Fact]
    public async Task A_journal_that_does_not_prove_loses_nothing()
    {
        await _journal.AppendAsync(10);
        await _journal.CheckpointAsync();
        await _journal.AppendAsync(10);
        _journal.Tamper("UPDATE journal SET action = 'thing.other' WHERE sequence = 15");

        await Should.ThrowAsync<FaultException>(JournalKeeping.ExpireAsync(_journal.State, _journal.Now.AddDays(1), _journal.Now, Stop));

        JournalTable.Read(_journal.State, 0, 100).Count.ShouldBe(20);
    }

    [Theory]
    [InlineData("user:ann")]
    [InlineData("oidc:ann@example.org")]
    public async Task People_become_pseudonyms_after_their_time_and_the_chain_still_proves(string ann)
    {
        await _journal.AppendAsync(2, $"{ann}@10.0.0.7");
        await _journal.State.WriteAsync(transaction => JournalTable.Append(transaction, new JournalEntry(
            _journal.Now, "system:guard", "user.lock", ann, $$"""{"from":"10.0.0.7","tries":10,"why":["too many","{{ann}}"]}""")));
        await _journal.CheckpointAsync();
        var cutoff = _journal.Now + TimeSpan.FromSeconds(1);
        await _journal.AppendAsync(2, $"{ann}@10.0.0.7");

        (await JournalKeeping.PseudonymiseAsync(_journal.State, cutoff, _journal.Now, Stop)).ShouldBe(3);

        var entries = JournalTable.Read(_journal.State, 0, 100);
        entries[0].By.ShouldBe(entries[1].By);
        entries[0].By.Who.ShouldStartWith("pseudonym:");
        entries[0].Subject.ShouldBe("thing-0");
        (entries[2].By.Who, entries[2].Subject).ShouldBe(("system:guard", entries[0].By.Who));
        entries[2].Details.ShouldBe($$"""{"from":"{{entries[0].By.From}}","tries":10,"why":["too many","{{entries[0].By.Who}}"]}""");
        entries[3].By.Who.ShouldBe(ann);
        entries[^1].Action.ShouldBe("journal.pseudonymise");
        var proof = _journal.Verify();
        (proof.Break, proof.Pseudonymised).ShouldBe((null, 3));
        (await JournalKeeping.PseudonymiseAsync(_journal.State, cutoff, _journal.Now, Stop)).ShouldBe(0);
    }

    [Fact]
    public async Task A_full_disk_refuses_the_change_and_its_entry_together()
    {
        await _journal.State.WriteAsync(static transaction => transaction.Execute("CREATE TABLE things (name TEXT)"));
        await _journal.AppendAsync(2);
        var pages = await _journal.State.WriteAsync(static transaction => transaction.Scalar<long>("PRAGMA page_count"));
        await _journal.State.WriteAsync(transaction => transaction.Execute($"PRAGMA max_page_count = {pages}"));

        var refusal = await Should.ThrowAsync<FaultException>(() => ChangeAsync(100_000));

        refusal.Fault.Is(StateFault.DiskFull).ShouldBeTrue();
        _journal.State.Read(static connection => connection.ExecuteScalar<long>("SELECT count(*) FROM things")).ShouldBe(0);
        await _journal.State.WriteAsync(static transaction => transaction.Execute("PRAGMA max_page_count = 1000000"));
        await ChangeAsync(100_000);
        var proof = _journal.Verify();
        (proof.Break, proof.Last).ShouldBe((null, 3));

        Task ChangeAsync(int size) => _journal.State.WriteAsync(transaction =>
        {
            transaction.Execute("INSERT INTO things VALUES ('a')");
            JournalTable.Append(transaction, new JournalEntry(_journal.Now, "user:ann", "thing.make", "a", $"\"{new string('x', size)}\""));
        });
    }

    [Fact]
    public async Task A_journal_of_before_the_chain_is_carried_over()
    {
        _journal.Tamper(
            """
            DROP TABLE journal; DROP TABLE journal_chain; DROP TABLE journal_checkpoints;
            DELETE FROM SchemaVersions WHERE ScriptName LIKE '%0002-journal-chain.sql';
            """);
        using (var script = new StreamReader(typeof(StateDatabase).Assembly.GetManifestResourceStream("Entrepot.Core.Journal.Migrations.0001-journal.sql")!))
            _journal.Tamper(await script.ReadToEndAsync(Stop));
        _journal.Tamper(
            """
            INSERT INTO journal (at, actor, action, subject, details) VALUES
                (1700000000000, 'operator@10.0.0.7', 'mirror.create', 'images', '{"kind":"hosted"}'), (1700000001000, 'node:origin', 'lease.grant', 'origin/tcp/8333', '{}');
            """);

        await _journal.ReopenAsync();

        var entries = JournalTable.Read(_journal.State, 0, 10);
        entries.Select(static entry => (entry.Sequence, entry.By.Who, entry.By.From, entry.Subject)).ShouldBe(
            [(1, "operator", "10.0.0.7", "images"), (2, "node:origin", "", "origin/tcp/8333")]);
        entries[0].Details.ShouldBe("""{"kind":"hosted"}""");
        await _journal.AppendAsync(1);
        var proof = _journal.Verify();
        (proof.Break, proof.Last).ShouldBe((null, 3));
    }

    [Fact]
    public void A_checkpoint_is_due_by_number_or_by_age()
    {
        var upkeep = new JournalUpkeep(10, JournalSample.Start);

        upkeep.IsCheckpointDue(10, TimeSpan.FromMinutes(5), JournalSample.Start).ShouldBeTrue();
        upkeep.IsCheckpointDue(11, TimeSpan.FromMinutes(5), JournalSample.Start.AddMinutes(4)).ShouldBeFalse();
        upkeep.IsCheckpointDue(11, TimeSpan.FromMinutes(5), JournalSample.Start.AddMinutes(5)).ShouldBeTrue();
        new JournalUpkeep(0, null).IsCheckpointDue(1, TimeSpan.Zero, JournalSample.Start).ShouldBeFalse();
    }

    [Fact]
    public void Nothing_lowers_the_floor_the_longest_minimum_wins_and_the_shortest_maximum_covers_people()
        => Gen.Select(Gen.Int[1, 5000], Gen.Int[1, 5000].Nullable(), Gen.Enum<RetentionProfile>().Array[0, 6]).Sample((keep, cover, profiles) =>
        {
            var retention = JournalRetention.Resolve(keep, cover, profiles);

            retention.Keep.TotalDays.ShouldBeGreaterThanOrEqualTo(Math.Max(JournalRetention.LeastDays, keep));
            if (profiles.Contains(RetentionProfile.Hipaa))
                retention.Keep.TotalDays.ShouldBeGreaterThanOrEqualTo(2192);
            if (profiles.Contains(RetentionProfile.Pci))
                retention.Keep.TotalDays.ShouldBeGreaterThanOrEqualTo(366);
            if (profiles.Contains(RetentionProfile.Gdpr))
                (retention.Pseudonymise ?? retention.Keep).TotalDays.ShouldBeLessThanOrEqualTo(366);
            if (retention.Pseudonymise is { } pseudonymise)
                pseudonymise.ShouldBeLessThan(retention.Keep);
        });

    [Theory]
    [InlineData("operator@10.0.0.7", "operator", "10.0.0.7")]
    [InlineData("user:ann@example.org@::1", "user:ann@example.org", "::1")]
    [InlineData("user:ann@example.org", "user:ann@example.org", "")]
    [InlineData("user:ann@1", "user:ann@1", "")]
    [InlineData("operator@uid:0", "operator", "uid:0")]
    [InlineData("operator@", "operator", "")]
    [InlineData("system:guard", "system:guard", "")]
    public void An_actor_is_who_and_from_where(string actor, string who, string from) => JournalActor.Parse(actor).ShouldBe(new JournalActor(who, from));
}
