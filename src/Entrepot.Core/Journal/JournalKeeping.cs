using System.Globalization;
using System.Text;
using Dapper;
using Entrepot.Core.Faults;
using Entrepot.Core.State;

namespace Entrepot.Core.Journal;

/// <summary>What a journal's upkeep goes by.</summary>
/// <param name="Entries">Entries that have no checkpoint yet.</param>
/// <param name="Since">When the oldest of them was written; null when there is none.</param>
public readonly record struct JournalUpkeep(long Entries, DateTimeOffset? Since)
{
    /// <summary>True when a checkpoint is due.</summary>
    /// <param name="every">After so many entries.</param>
    /// <param name="within">After so long.</param>
    /// <param name="now">The clock.</param>
    public bool IsCheckpointDue(int every, TimeSpan within, DateTimeOffset now) => Entries >= every || (Since is { } since && now - since >= within);
}

/// <summary>Signs checkpoints, and takes out of the journal what its retention says, so that what stays is still proven.</summary>
public static class JournalKeeping
{
    /// <summary>Most entries that one transaction rewrites, so that other writers wait no longer than for any large publication.</summary>
    private const int Step = 1000;

    /// <summary>Most entries that one transaction deletes.</summary>
    private const int ExpireStep = 50_000;

    /// <summary>The action of the entry that says which others name no person any more.</summary>
    internal const string Pseudonymised = "journal.pseudonymise";

    private const string Actor = "system:journal";

    /// <summary>What has no checkpoint yet.</summary>
    public static JournalUpkeep Upkeep(StateDatabase database) => database.Read(static connection =>
    {
        var signed = connection.ExecuteScalar<long?>("SELECT max(sequence) FROM journal_checkpoints") ?? 0;
        var last = connection.ExecuteScalar<long?>("SELECT max(sequence) FROM journal") ?? 0;
        var oldest = last > signed ? connection.ExecuteScalar<long?>("SELECT at FROM journal WHERE sequence > @signed ORDER BY sequence LIMIT 1", new { signed }) : null;
        return new JournalUpkeep(Math.Max(0, last - signed), oldest is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null);
    });

    /// <summary>The newest checkpoint; null when there is none.</summary>
    public static JournalCheckpoint? Newest(StateDatabase database) => database.Read(static connection =>
        connection.QueryFirstOrDefault<(string Statement, byte[] Signature)>("SELECT statement, signature FROM journal_checkpoints ORDER BY sequence DESC LIMIT 1")
            is { Statement: { } statement, Signature: { } signature } ? JournalCheckpoint.TryParse(statement, signature) : null);

    /// <summary>The key that checkpoints are signed by, as PEM.</summary>
    public static string PublicKey(StateDatabase database) => Secrets.Ed25519Signature.ToPem(database.JournalSeal.PublicKey);

    /// <summary>Signs what was appended since the last checkpoint, having proven it.</summary>
    /// <returns>The newest checkpoint, an older one when nothing was appended since; null when the journal is empty.</returns>
    /// <exception cref="FaultException"><see cref="JournalFault.Broken"/>: nothing is signed that does not prove.</exception>
    public static async Task<JournalCheckpoint?> CheckpointAsync(StateDatabase database, DateTimeOffset now, CancellationToken cancellation)
    {
        // Proven beside the writer, but for what is appended meanwhile.
        var tail = JournalVerifier.VerifyTail(database, cancellation);
        Require(tail);
        return await database.WriteAsync<JournalCheckpoint?>(
            transaction =>
            {
                var head = transaction.Journal.ReadHead(transaction);
                return head.Sequence == 0 ? null : head.Sequence == tail.SignedUpTo ? Newest(transaction) : Sign(transaction, now);
            },
            cancellation);
    }

    /// <summary>Puts pseudonyms where people and addresses are in the entries of before a time.</summary>
    /// <returns>How many entries were rewritten.</returns>
    public static async Task<long> PseudonymiseAsync(StateDatabase database, DateTimeOffset before, DateTimeOffset now, CancellationToken cancellation)
    {
        using var pseudonyms = database.JournalSeal.OpenPseudonyms();
        long done = 0, covered;
        do
        {
            cancellation.ThrowIfCancellationRequested();
            covered = await database.WriteAsync(
                transaction =>
                {
                    var begin = transaction.Scalar<long>("SELECT max(pseudonymised + 1, first) FROM journal_chain");
                    var end = Cover(transaction, pseudonyms, begin, before);
                    if (end < begin)
                        return 0L;
                    transaction.Execute("UPDATE journal_chain SET pseudonymised = @end", new { end });
                    Note(transaction, now, Pseudonymised, begin, end);
                    return end - begin + 1;
                },
                cancellation);
            done += covered;
        }
        while (covered == Step);
        return done;
    }

    /// <summary>Deletes the entries up to the newest checkpoint of before a time, and signs where the journal begins since.</summary>
    /// <returns>How many entries went.</returns>
    /// <exception cref="FaultException"><see cref="JournalFault.Broken"/>: a journal that does not prove loses nothing.</exception>
    public static async Task<long> ExpireAsync(StateDatabase database, DateTimeOffset before, DateTimeOffset now, CancellationToken cancellation)
    {
        long gone = 0, went;
        do
        {
            var tail = JournalVerifier.VerifyTail(database, cancellation);
            Require(tail);
            went = await database.WriteAsync(transaction => Expire(transaction, before, now), cancellation);
            gone += went;
        }
        while (went > 0);
        return gone;
    }

    private static long Cover(StateTransaction transaction, Pseudonyms pseudonyms, long begin, DateTimeOffset before)
    {
        var seal = transaction.Journal.Seal;
        var (buffer, bytes) = (new byte[1024], new byte[1024]);
        var last = begin - 1;
        var rows = transaction.Query<Row>(
            "SELECT sequence AS Sequence, at AS At, action AS Action, result AS Result, hash AS Hash, payload AS Payload FROM journal WHERE sequence >= @begin ORDER BY sequence LIMIT @Step",
            new { begin, Step });
        foreach (var row in rows)
        {
            if (row.At >= before.ToUnixTimeMilliseconds())
                break;
            if (!seal.TryOpen(row.Payload, row.Hash, ref buffer, out var payload))
                throw Broken($"entry {row.Sequence} does not open");
            var salts = payload.Salts();
            var covered = pseudonyms.Cover(payload.Complete(row.Sequence, row.At, row.Action, row.Result), out var identityChanged, out var contentChanged);
            last = row.Sequence;
            if (!identityChanged && !contentChanged)
                continue;
            var length = JournalEncoding.WritePayload(covered, identityChanged ? [] : salts.Identity, contentChanged ? [] : salts.Content, ref bytes);
            transaction.ExecutePrepared(
                "UPDATE journal SET payload = @payload WHERE sequence = @sequence",
                ("@payload", seal.Seal(bytes.AsSpan(0, length), row.Hash)), ("@sequence", row.Sequence));
        }

        return last;
    }

    private static long Expire(StateTransaction transaction, DateTimeOffset before, DateTimeOffset now)
    {
        var first = transaction.Scalar<long>("SELECT first FROM journal_chain");
        var checkpoint = transaction.Query<(string Statement, byte[] Signature)>(
            "SELECT statement, signature FROM journal_checkpoints WHERE sequence >= @first ORDER BY sequence", new { first })
            .Select(static row => JournalCheckpoint.TryParse(row.Statement, row.Signature))
            .TakeWhile(checkpoint => checkpoint is not null && checkpoint.At < before && checkpoint.IsSignedBy(transaction.Journal.Seal.PublicKey))
            .TakeWhile((checkpoint, index) => index == 0 || checkpoint!.Last - first < ExpireStep)
            .LastOrDefault();
        if (checkpoint is null || transaction.Journal.ReadHead(transaction).Sequence == checkpoint.Last)
            return 0;
        var kept = transaction.Scalar<byte[]>("SELECT hash FROM journal WHERE sequence = @Last", new { checkpoint.Last });
        if (kept is null || Convert.ToHexStringLower(kept) != checkpoint.Hash)
            throw Broken($"entry {checkpoint.Last} is not the one that was signed");
        transaction.Execute("UPDATE journal_chain SET first = @first, previous = @kept", new { first = checkpoint.Last + 1, kept });
        var gone = transaction.Execute("DELETE FROM journal WHERE sequence <= @Last", new { checkpoint.Last });
        Note(transaction, now, "journal.expire", first, checkpoint.Last);
        Sign(transaction, now);
        return gone;
    }

    private static void Note(StateTransaction transaction, DateTimeOffset now, string action, long from, long to)
        => JournalTable.Append(transaction, new JournalEntry(now, Actor, action, string.Create(CultureInfo.InvariantCulture, $"{from}-{to}")));

    private static JournalCheckpoint Sign(StateTransaction transaction, DateTimeOffset now)
    {
        var head = transaction.Journal.ReadHead(transaction);
        var seal = transaction.Journal.Seal;
        var checkpoint = new JournalCheckpoint(
            Convert.ToHexStringLower(seal.Journal), transaction.Scalar<long>("SELECT first FROM journal_chain"), head.Sequence, Convert.ToHexStringLower(head.Hash),
            DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds()), []);
        checkpoint = checkpoint with { Signature = seal.Sign(Encoding.ASCII.GetBytes(checkpoint.Statement)) };
        transaction.Execute(
            "INSERT INTO journal_checkpoints (sequence, statement, signature) VALUES (@Last, @Statement, @Signature)",
            new { checkpoint.Last, checkpoint.Statement, checkpoint.Signature });
        return checkpoint;
    }

    private static JournalCheckpoint? Newest(StateTransaction transaction)
        => transaction.FirstPrepared("SELECT statement, signature FROM journal_checkpoints ORDER BY sequence DESC LIMIT 1") is [string statement, byte[] signature]
            ? JournalCheckpoint.TryParse(statement, signature)
            : null;

    private static void Require(JournalVerification tail)
    {
        if (tail.Break is { } flaw)
            throw Broken(flaw.Message.TrimEnd('.'));
    }

    private static FaultException Broken(string why) => Fault.Of(
        JournalFault.Broken, FaultKind.Internal, $"The journal is not signed on: {why}.",
        "'entrepot audit verify' proves all of it. Keep a copy of the data folder for whoever investigates.").ToException();

    private sealed record Row(long Sequence, long At, string Action, string Result, byte[] Hash, byte[] Payload);
}
