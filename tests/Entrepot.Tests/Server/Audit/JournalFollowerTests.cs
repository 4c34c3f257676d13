using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;
using Dapper;
using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;
using Entrepot.Server.Api;
using Entrepot.Server.Audit.Copy;
using Entrepot.Server.Hosting;
using Entrepot.Tests.Core.Journal;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Entrepot.Tests.Server.Audit;

/// <summary>A copy that follows a journal whose owner may become an enemy.</summary>
public sealed class JournalFollowerTests : IAsyncDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("entrepot-copy-").FullName;
    private readonly JournalSample _original = new();
    private readonly SealingKey _sealing = SealingKey.CreateEphemeral();
    private readonly FakeTimeProvider _time = new(JournalSample.Start);
    private readonly StateDatabase _state;
    private readonly Feed _feed;
    private readonly JournalFollower _follower;
    private readonly JournalCopy _copy;

    public JournalFollowerTests()
    {
        _state = StateDatabase.Open(Path.Combine(_folder, "state.db"), _sealing, Node.StateFeatures);
        _feed = new Feed(_original);
        _follower = new JournalFollower(_feed, _state, _sealing, _time, NullLogger.Instance);
        _copy = new JournalCopy(_state, _sealing, _time);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _state.DisposeAsync();
        _sealing.Dispose();
        await _original.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task What_is_new_is_added_and_all_of_it_proves_and_reads_as_the_original_does()
    {
        _copy.Status.State.ShouldBe("waiting");
        await FollowAsync(5);
        await FollowAsync(0);
        await FollowAsync(3);

        _copy.Status.ShouldSatisfyAllConditions(
            static status => status.State.ShouldBe("following"), static status => (status.First, status.Last).ShouldBe((1, 8)), static status => status.Break.ShouldBeNull());
        var proof = await ProveAsync();
        (proof.Break, proof.First, proof.Last, proof.SignedUpTo, proof.Checkpoints).ShouldBe((null, 1, 8, 8, 2));
        Shown(await ReadAsync(new JournalQuery(0, 100))).ShouldBe(Shown([.. JournalTable.Read(_original.State, 0, 100).Select(JournalEntryDocument.Of)]));
        Shown(await ReadAsync(new JournalQuery(null, 3))).ShouldBe(Shown([.. JournalTable.ReadNewest(_original.State, 3).Select(JournalEntryDocument.Of)]));
        (await ReadAsync(new JournalQuery(4, 2))).Select(static entry => entry.Sequence).ShouldBe([5, 6]);
        (await ReadAsync(new JournalQuery(0, 100) { Who = "ben" })).ShouldBeEmpty();
        (await ReadAsync(new JournalQuery(0, 100) { Since = JournalSample.Start + TimeSpan.FromMinutes(7) })).Select(static entry => entry.Sequence).ShouldBe([7, 8]);
    }

    [Fact]
    public async Task An_export_of_the_copy_proves_as_one_of_the_original_does()
    {
        await FollowAsync(5);
        await FollowAsync(3);

        foreach (var start in new[] { default, new JournalExportStart(After: 5), new JournalExportStart(JournalSample.Start + TimeSpan.FromMinutes(7)) })
        {
            using var mine = new MemoryStream();
            using var theirs = new MemoryStream();
            await _copy.ExportAsync(start, "user:ann", mine, Stop);
            await JournalExport.WriteAsync(_original.State, theirs, start, _original.Now, Stop);
            Encoding.UTF8.GetString(mine.ToArray()).ShouldBe(Encoding.UTF8.GetString(theirs.ToArray()));
        }

        (await Should.ThrowAsync<FaultException>(() => _copy.ExportAsync(new JournalExportStart(After: 4), "user:ann", Stream.Null, Stop))).Fault.Is(JournalFault.Missing).ShouldBeTrue();
    }

    [Fact]
    public async Task What_was_copied_can_not_be_read_at_rest()
    {
        await FollowAsync(5);

        var kept = CopyTable.Segments(_state).ShouldHaveSingleItem();
        var bytes = _state.Read(static connection => connection.QuerySingle<byte[]>("SELECT lines FROM journal_copy_segments"));

        Encoding.UTF8.GetString(bytes).ShouldNotContain("ann");
        CopyTable.Lines(_state, _sealing, kept.First).ShouldContain(static line => line.Contains("user:ann"));
        using var other = SealingKey.CreateEphemeral();
        Should.Throw<FaultException>(() => CopyTable.Lines(_state, other, kept.First));
    }

    [Theory]
    [InlineData("cut off the end, with its checkpoints", JournalFlaw.Truncated)]
    [InlineData("another journal in its place", JournalFlaw.Replaced)]
    [InlineData("the last entry changed", JournalFlaw.Content)]
    public async Task Whoever_rules_the_other_node_can_not_take_back_what_was_copied(string deed, JournalFlaw expected)
    {
        await FollowAsync(5);
        await FollowAsync(3);
        await using var other = new JournalSample();
        switch (deed[0])
        {
            case 'c':
                _original.Tamper("DELETE FROM journal WHERE sequence > 5; DELETE FROM journal_checkpoints WHERE sequence > 5");
                await _original.ReopenAsync();
                await _original.AppendAsync(5);
                break;
            case 'a':
                await other.AppendAsync(8);
                await other.CheckpointAsync();
                _feed.Journal = other;
                break;
            default:
                await _original.AppendAsync(2);
                _feed.Line = static line => line.Contains("\"sequence\":10,", StringComparison.Ordinal) ? line.Replace("thing-1", "thing-9", StringComparison.Ordinal) : line;
                break;
        }

        await _follower.RoundAsync(Stop);

        var status = _copy.Status;
        status.State.ShouldBe("broken");
        status.Break!.Message.ShouldNotBeEmpty();
        status.Break.Flaw.ShouldBe(expected);
        status.Break.Sequence.ShouldBe(expected switch { JournalFlaw.Content => 10, JournalFlaw.Truncated => 8, _ => 9 });
        status.Last.ShouldBe(8, "nothing of what does not prove is kept");
        (await ProveAsync()).Break.ShouldNotBeNull();
        JournalTable.Read(_state, 0, 100, "journal.copy-broken").ShouldHaveSingleItem().Result.ShouldBe(JournalResult.Failed);
        // It is told once, and nothing is copied on.
        await _follower.RoundAsync(Stop);
        JournalTable.Read(_state, 0, 100, "journal.copy-broken").ShouldHaveSingleItem();
        (await ReadAsync(new JournalQuery(0, 100))).Count.ShouldBe(8);
    }

    [Fact]
    public async Task A_stream_that_breaks_in_the_middle_is_no_flaw_and_goes_on_where_it_was()
    {
        await _original.AppendAsync(5);
        await _original.CheckpointAsync();
        await _original.AppendAsync(5);
        _feed.BreakAfter = 1 + 5 + 1 + 2;
        await Should.ThrowAsync<IOException>(() => _follower.RoundAsync(Stop));
        (_copy.Status.State, _copy.Status.Last).ShouldBe(("following", 5));

        _feed.BreakAfter = int.MaxValue;
        await _follower.RoundAsync(Stop);

        (_copy.Status.State, _copy.Status.Last).ShouldBe(("following", 10));
        (await ProveAsync()).Break.ShouldBeNull();
    }

    [Fact]
    public async Task Nothing_is_begun_with_what_does_not_prove()
    {
        await _original.AppendAsync(5);
        _feed.Line = static line => line.Replace("thing-3", "thing-4", StringComparison.Ordinal);

        (await Should.ThrowAsync<FaultException>(() => _follower.RoundAsync(Stop))).Fault.Is(CopyFault.Broken).ShouldBeTrue();
        _feed.Line = static _ => "<html>";
        (await Should.ThrowAsync<FaultException>(() => _follower.RoundAsync(Stop))).Fault.Is(CopyFault.Malformed).ShouldBeTrue();

        _copy.Status.State.ShouldBe("waiting");
        (await Should.ThrowAsync<FaultException>(ProveAsync)).Fault.Is(CopyFault.Empty).ShouldBeTrue();
    }

    [Fact]
    public async Task Entries_expire_with_the_original_but_not_before_their_time_by_the_own_clock()
    {
        await FollowAsync(5);
        await FollowAsync(3);
        _original.Now += TimeSpan.FromDays(400);
        await _original.AppendAsync(1);
        await JournalKeeping.ExpireAsync(_original.State, _original.Now - TimeSpan.FromDays(366), _original.Now, Stop);
        // The other node's clock says a year; this one's does not.
        await _follower.RoundAsync(Stop);
        _copy.Status.Break!.Sequence.ShouldBe(1);
        (await ReadAsync(new JournalQuery(0, 100))).Count.ShouldBeGreaterThan(8);
    }

    [Fact]
    public async Task Entries_that_are_dated_back_do_not_take_younger_ones_with_them()
    {
        await FollowAsync(5);
        _original.Now -= TimeSpan.FromDays(400);
        await FollowAsync(2);
        await _original.AppendAsync(1);
        await JournalKeeping.ExpireAsync(_original.State, JournalSample.Start + TimeSpan.FromDays(400), _original.Now, Stop);

        await _follower.RoundAsync(Stop);

        _copy.Status.State.ShouldBe("broken");
        _copy.Status.Break!.Flaw.ShouldBe(JournalFlaw.Beginning);
        (await ReadAsync(new JournalQuery(0, 5))).Select(static entry => entry.Sequence).ShouldBe([1, 2, 3, 4, 5]);
    }

    [Fact]
    public async Task A_stream_without_checkpoints_is_given_up_before_it_fills_the_memory()
    {
        await FollowAsync(5);
        await _original.AppendAsync(20);
        var follower = new JournalFollower(_feed, _state, _sealing, _time, NullLogger.Instance, longestPart: 5_000);

        (await Should.ThrowAsync<FaultException>(() => follower.RoundAsync(Stop))).Fault.Is(CopyFault.Endless).ShouldBeTrue();

        (_copy.Status.State, _copy.Status.Last).ShouldBe(("following", 5));
        await _follower.RoundAsync(Stop);
        _copy.Status.Last.ShouldBe(25);
    }

    [Fact]
    public async Task What_expired_in_its_time_goes_here_too_and_the_rest_proves()
    {
        await FollowAsync(5);
        await FollowAsync(3);
        _original.Now += TimeSpan.FromDays(400);
        _time.Advance(TimeSpan.FromDays(400));
        await _original.AppendAsync(1);
        await JournalKeeping.ExpireAsync(_original.State, _original.Now - TimeSpan.FromDays(366), _original.Now, Stop);

        await _follower.RoundAsync(Stop);

        _copy.Status.ShouldSatisfyAllConditions(static status => status.State.ShouldBe("following"), static status => status.First.ShouldBe(9));
        (await ProveAsync()).Break.ShouldBeNull();
        using var export = new MemoryStream();
        await _copy.ExportAsync(default, "user:ann", export, Stop);
        export.Position = 0;
        (await JournalExportVerifier.VerifyAsync(export, new JournalWitness(), null, Stop)).Break.ShouldBeNull();
    }

    [Fact]
    public async Task People_whose_time_has_ended_are_named_here_no_more()
    {
        await FollowAsync(5);
        await FollowAsync(3);
        _original.Now += TimeSpan.FromDays(300);
        _time.Advance(TimeSpan.FromDays(300));
        await JournalKeeping.PseudonymiseAsync(_original.State, _original.Now - TimeSpan.FromDays(200), _original.Now, Stop);

        await _follower.RoundAsync(Stop);

        var entries = await ReadAsync(new JournalQuery(0, 8));
        entries.Count.ShouldBe(8);
        entries.ShouldAllBe(static entry => entry.Who.StartsWith("pseudonym:"));
        (await ProveAsync()).ShouldSatisfyAllConditions(static proof => proof.Break.ShouldBeNull(), static proof => proof.Pseudonymised.ShouldBe(8));
    }

    [Fact]
    public async Task Under_the_cover_of_pseudonyms_nothing_but_people_is_taken_back()
    {
        await FollowAsync(5);
        _original.Now += TimeSpan.FromDays(300);
        _time.Advance(TimeSpan.FromDays(300));
        await JournalKeeping.PseudonymiseAsync(_original.State, _original.Now - TimeSpan.FromDays(200), _original.Now, Stop);
        _feed.Line = Blank;

        (await Should.ThrowAsync<FaultException>(() => _follower.RoundAsync(Stop))).Fault.Is(CopyFault.Broken).ShouldBeTrue();

        (await ReadAsync(new JournalQuery(0, 5))).Select(static entry => entry.Subject).ShouldBe(["thing-0", "thing-1", "thing-2", "thing-3", "thing-4"]);
    }

    [Fact]
    public async Task What_is_young_is_not_taken_without_its_content_even_when_the_stream_breaks()
    {
        await FollowAsync(5);
        await _original.AppendAsync(3);
        await _original.CheckpointAsync();
        await _original.AppendAsync(2);
        (_feed.Line, _feed.BreakAfter) = (Blank, 1 + 1 + 3 + 1 + 1);

        await _follower.RoundAsync(Stop);

        (_copy.Status.State, _copy.Status.Break?.Flaw, _copy.Status.Last).ShouldBe(("broken", JournalFlaw.Withheld, 5));
    }

    [Fact]
    public async Task Clocks_that_differ_by_minutes_raise_no_alarm_when_entries_go_at_the_first_moment_they_may()
    {
        await FollowAsync(5);
        await FollowAsync(3);
        _original.Now += JournalRetention.Floor;
        await _original.AppendAsync(1);
        (await JournalKeeping.ExpireAsync(_original.State, _original.Now - JournalRetention.Floor, _original.Now, Stop)).ShouldBe(8);
        _time.SetUtcNow(_original.Now - TimeSpan.FromMinutes(10));

        await _follower.RoundAsync(Stop);

        (_copy.Status.State, _copy.Status.First).ShouldBe(("following", 9));
    }

    /// <summary>What an entry was about is withheld, as is done with people whose time has ended.</summary>
    private static string Blank(string line) => Regex.Replace(line, "\"what\":\\{\"salt\":\"[0-9a-f]+\",\"subject\":\"thing-[0-9]+\"", "\"what\":{\"salt\":\"\",\"subject\":\"nothing\"");

    private async Task FollowAsync(int entries)
    {
        await _original.AppendAsync(entries);
        await _follower.RoundAsync(Stop);
        _copy.Status.State.ShouldBe("following");
    }

    private Task<IReadOnlyList<JournalEntryDocument>> ReadAsync(JournalQuery query) => _copy.ReadAsync(query, "user:ann", Stop);

    private async Task<JournalVerification> ProveAsync()
    {
        AuditProgress? last = null;
        await foreach (var step in _copy.VerifyAsync(new AuditRequest(), "user:ann", Stop))
            last = step;
        return last!.Result!;
    }

    private static string Shown(IReadOnlyList<JournalEntryDocument> entries)
        => string.Join('\n', entries.Select(static entry => $"{entry.Sequence} {entry.At:O} {entry.Who} {entry.From} {entry.Action} {entry.Result} {entry.Subject} {entry.Details} {entry.Before} {entry.After}"));

    private sealed class Feed(JournalSample journal) : IJournalFeed
    {
        public JournalSample Journal { get; set; } = journal;

        public Func<string, string> Line { get; set; } = static line => line;

        public int BreakAfter { get; set; } = int.MaxValue;

        public async IAsyncEnumerable<string> ReadAsync(long? after, [EnumeratorCancellation] CancellationToken cancellation)
        {
            using var export = new MemoryStream();
            await JournalExport.WriteAsync(Journal.State, export, new JournalExportStart(After: after), Journal.Now, cancellation);
            var sent = 0;
            foreach (var line in Encoding.UTF8.GetString(export.ToArray()).TrimEnd('\n').Split('\n'))
            {
                if (sent++ == BreakAfter)
                    throw new IOException("broken");
                yield return Line(line);
            }
        }
    }
}
