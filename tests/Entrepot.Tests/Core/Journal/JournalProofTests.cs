using Dapper;
using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Core.Secrets;

namespace Entrepot.Tests.Core.Journal;

public sealed class JournalProofTests : IAsyncDisposable
{
    private readonly JournalSample _journal = new();

    public ValueTask DisposeAsync() => _journal.DisposeAsync();

    [Fact]
    public async Task What_was_appended_proves_also_after_a_restart()
    {
        await _journal.AppendAsync(20);
        await _journal.CheckpointAsync();
        await _journal.ReopenAsync();
        await _journal.AppendAsync(5);

        var proof = _journal.Verify();

        proof.Break.ShouldBeNull();
        (proof.First, proof.Last, proof.SignedUpTo, proof.Checkpoints, proof.Opened).ShouldBe((1, 25, 20, 1, true));
        _journal.Verify(withKey: false).Break.ShouldBeNull();
    }

    [Fact]
    public async Task An_empty_journal_proves_and_has_nothing_to_sign()
    {
        _journal.Verify().Break.ShouldBeNull();
        (await _journal.CheckpointAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task Every_changed_byte_of_every_entry_is_found_at_that_entry()
    {
        await _journal.AppendAsync(4);
        await _journal.CheckpointAsync();
        _journal.Tamper(connection =>
        {
            for (var sequence = 1L; sequence <= 4; sequence++)
            {
                foreach (var column in (string[])["identity", "content", "hash", "payload"])
                {
                    var bytes = connection.QuerySingle<byte[]>($"SELECT {column} FROM journal WHERE sequence = {sequence}");
                    for (var i = 0; i < bytes.Length; i++)
                    {
                        bytes[i] ^= 1;
                        Put(column, sequence, bytes);
                        Found(sequence, $"{column}[{i}]");
                        bytes[i] ^= 1;
                    }

                    Put(column, sequence, bytes);
                }

                foreach (var column in (string[])["action", "result"])
                {
                    var text = connection.QuerySingle<string>($"SELECT {column} FROM journal WHERE sequence = {sequence}");
                    for (var i = 0; i < text.Length; i++)
                    {
                        Put(column, sequence, $"{text[..i]}{(char)(text[i] ^ 1)}{text[(i + 1)..]}");
                        Found(sequence, $"{column}[{i}]");
                    }

                    Put(column, sequence, text);
                }

                var at = connection.QuerySingle<long>($"SELECT at FROM journal WHERE sequence = {sequence}");
                for (var bit = 0; bit < 63; bit++)
                {
                    Put("at", sequence, at ^ (1L << bit));
                    Found(sequence, $"at, bit {bit}");
                }

                Put("at", sequence, at);
            }

            _journal.Verify().Break.ShouldBeNull();
            return true;

            void Put(string column, long sequence, object value) => connection.Execute($"UPDATE journal SET {column} = @value WHERE sequence = {sequence}", new { value });
        });

        void Found(long sequence, string what) => _journal.Verify().Break.ShouldNotBeNull(what).Sequence.ShouldBe(sequence, what);
    }

    [Fact]
    public async Task Every_entry_that_is_taken_out_and_every_pair_that_changes_places_is_found()
    {
        await _journal.AppendAsync(6);
        await _journal.CheckpointAsync();
        for (var sequence = 1L; sequence <= 6; sequence++)
        {
            _journal.Tamper($"CREATE TABLE kept AS SELECT * FROM journal; DELETE FROM journal WHERE sequence = {sequence}");
            _journal.Verify().Break.ShouldNotBeNull().ShouldSatisfyAllConditions(
                found => found.Sequence.ShouldBe(sequence), found => found.Flaw.ShouldBe(sequence == 6 ? JournalFlaw.Truncated : JournalFlaw.Missing));
            _journal.Tamper("DELETE FROM journal; INSERT INTO journal SELECT * FROM kept; DROP TABLE kept");
            if (sequence == 6)
                break;
            Swap(sequence);
            _journal.Verify().Break.ShouldNotBeNull().Sequence.ShouldBe(sequence);
            Swap(sequence);
        }

        _journal.Verify().Break.ShouldBeNull();

        void Swap(long sequence) => _journal.Tamper(
            $"""
            UPDATE journal SET sequence = -1 WHERE sequence = {sequence};
            UPDATE journal SET sequence = {sequence} WHERE sequence = {sequence + 1};
            UPDATE journal SET sequence = {sequence + 1} WHERE sequence = -1;
            """);
    }

    [Fact]
    public async Task A_chain_that_was_made_anew_is_found_by_the_signature_and_with_the_key_at_the_entry()
    {
        await _journal.AppendAsync(6);
        await _journal.CheckpointAsync();
        Forge(3, "thing.keep");

        _journal.Verify().Break.ShouldNotBeNull().ShouldSatisfyAllConditions(
            static found => found.Sequence.ShouldBe(3), static found => found.Flaw.ShouldBe(JournalFlaw.Content));
        _journal.Verify(withKey: false).Break.ShouldNotBeNull().ShouldSatisfyAllConditions(
            static found => found.Sequence.ShouldBe(1), static found => found.Flaw.ShouldBe(JournalFlaw.Replaced));
    }

    [Fact]
    public async Task An_entry_that_was_added_without_the_key_is_neither_believed_nor_signed()
    {
        await _journal.AppendAsync(2);
        Forge(2, "thing.invent");

        var refusal = await Should.ThrowAsync<FaultException>(_journal.CheckpointAsync());

        refusal.Fault.Is(JournalFault.Broken).ShouldBeTrue();
        refusal.Message.ShouldContain("entry 2");
    }

    [Fact]
    public async Task A_tail_that_was_cut_off_is_found_by_the_checkpoint_that_was_kept_elsewhere()
    {
        await _journal.AppendAsync(3);
        await _journal.CheckpointAsync();
        await _journal.AppendAsync(3);
        var elsewhere = JournalCheckpoint.Parse((await _journal.CheckpointAsync())!.ToString(), "a file");
        _journal.Tamper("DELETE FROM journal WHERE sequence > 4; DELETE FROM journal_checkpoints WHERE sequence > 4");

        _journal.Verify().Break.ShouldBeNull();
        _journal.Verify(new JournalWitness { Checkpoints = [elsewhere] }).Break.ShouldNotBeNull().ShouldSatisfyAllConditions(
            static found => found.Sequence.ShouldBe(5), static found => found.Flaw.ShouldBe(JournalFlaw.Truncated));
    }

    [Fact]
    public async Task The_oldest_entries_can_not_go_by_saying_that_the_journal_begins_later()
    {
        await _journal.AppendAsync(3);
        await _journal.CheckpointAsync();
        await _journal.AppendAsync(3);
        await _journal.CheckpointAsync();
        _journal.Tamper(
            """
            UPDATE journal_chain SET first = 4, previous = (SELECT hash FROM journal WHERE sequence = 3);
            DELETE FROM journal WHERE sequence < 4;
            """);

        _journal.Verify().Break.ShouldNotBeNull().Flaw.ShouldBe(JournalFlaw.Beginning);
    }

    [Fact]
    public async Task Another_key_or_a_checkpoint_of_another_hand_is_found()
    {
        await _journal.AppendAsync(3);
        await _journal.CheckpointAsync();
        var noted = Ed25519Signature.FromPem(JournalKeeping.PublicKey(_journal.State)).ShouldNotBeNull();
        await using var other = new JournalSample();

        _journal.Verify(new JournalWitness { PublicKey = noted }).Break.ShouldBeNull();
        other.Verify(new JournalWitness { PublicKey = noted }).Break.ShouldNotBeNull().Flaw.ShouldBe(JournalFlaw.Key);
        _journal.Tamper("UPDATE journal_checkpoints SET signature = zeroblob(64)");
        _journal.Verify().Break.ShouldNotBeNull().Flaw.ShouldBe(JournalFlaw.Signature);
        _journal.Tamper("UPDATE journal_chain SET public_key = zeroblob(32)");
        Should.Throw<FaultException>(() => _journal.Verify()).Fault.Is(JournalFault.Broken).ShouldBeTrue();
    }

    [Fact]
    public async Task Every_changed_byte_of_a_checkpoint_is_found()
    {
        await _journal.AppendAsync(3);
        var checkpoint = (await _journal.CheckpointAsync())!;
        for (var i = 0; i < checkpoint.Statement.Length; i++)
        {
            var statement = $"{checkpoint.Statement[..i]}{(char)(checkpoint.Statement[i] ^ 1)}{checkpoint.Statement[(i + 1)..]}";
            _journal.Tamper("UPDATE journal_checkpoints SET statement = @statement", new { statement });
            _journal.Verify().Break.ShouldNotBeNull(statement).Flaw.ShouldBe(JournalFlaw.Signature);
        }

        for (var length = 0; length < checkpoint.ToString().Length - 1; length++)
            Should.Throw<FaultException>(() => JournalCheckpoint.Parse(checkpoint.ToString()[..length], "a file")).Fault.Is(JournalFault.Malformed).ShouldBeTrue();
    }

    [Fact]
    public async Task A_transaction_that_is_undone_leaves_no_gap_in_the_chain()
    {
        var writes = Enumerable.Range(0, 200).Select(i => _journal.State.WriteAsync(transaction =>
        {
            JournalTable.Append(transaction, new JournalEntry(JournalSample.Start, "user:ann", "thing.make", $"{i}"));
            if (i % 3 == 1)
                throw new InvalidOperationException();
            JournalTable.Append(transaction, new JournalEntry(JournalSample.Start, "user:ann", "thing.use", $"{i}"));
        })).ToList();
        await Task.WhenAll(writes).ShouldThrowAsync<InvalidOperationException>();

        var proof = _journal.Verify();

        (proof.Break, proof.Last).ShouldBe((null, 2 * writes.Count(static write => write.IsCompletedSuccessfully)));
    }

    /// <summary>Changes what an entry says was done, and makes the chain fit again.</summary>
    private void Forge(long sequence, string action) => _journal.Tamper(connection =>
    {
        connection.Execute("UPDATE journal SET action = @action WHERE sequence = @sequence", new { action, sequence });
        var previous = connection.QuerySingle<byte[]>("SELECT journal FROM journal_chain");
        foreach (var row in connection.Query<(long Sequence, long At, string Action, string Result, byte[] Identity, byte[] Content)>(
            "SELECT sequence, at, action, result, identity, content FROM journal ORDER BY sequence").ToList())
        {
            var hash = new byte[32];
            JournalEncoding.Chain(previous, row.Sequence, row.At, row.Action, row.Result, row.Identity, row.Content, hash);
            connection.Execute("UPDATE journal SET hash = @hash WHERE sequence = @Sequence", new { hash, row.Sequence });
            previous = hash;
        }

        return true;
    });
}
