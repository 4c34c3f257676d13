using System.Buffers;
using System.Text.Json;
using Dapper;
using Entrepot.Core.Faults;
using Entrepot.Core.State;

namespace Entrepot.Core.Journal;

/// <summary>Where an export begins.</summary>
/// <param name="Since">Leaves out what is older, whole checkpoints at a time; null for all.</param>
/// <param name="After">Leaves out everything up to this entry, at which a checkpoint was signed; null for none.</param>
public readonly record struct JournalExportStart(DateTimeOffset? Since = null, long? After = null);

/// <summary>Writes a journal as JSON lines in ECS fields, with all that proves it.</summary>
public static class JournalExport
{
    /// <summary>Media type of the lines.</summary>
    public const string MediaType = "application/x-ndjson";

    private const int Page = 1000;

    /// <summary>Signs what is there, then writes it.</summary>
    /// <param name="database">Where the journal is.</param>
    /// <param name="destination">Takes the lines.</param>
    /// <param name="start">Where it begins.</param>
    /// <param name="now">The clock.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FaultException"><see cref="JournalFault.Broken"/>, <see cref="JournalFault.Missing"/> when nothing was journalled yet, or nothing was
    /// signed where it is to begin.</exception>
    public static async Task WriteAsync(StateDatabase database, Stream destination, JournalExportStart start, DateTimeOffset now, CancellationToken cancellation)
    {
        var last = await JournalKeeping.CheckpointAsync(database, now, cancellation)
            ?? throw Fault.Of(JournalFault.Missing, FaultKind.NotFound, "The journal is empty.").ToException();
        var lines = new ArrayBufferWriter<byte>(1 << 20);
        var (first, previous) = start.After is { } after ? After(database, after) : Start(database, start.Since);
        Line(lines, json => JournalExportLine.WriteBegin(json, last.Journal, database.JournalSeal.PublicKey, first, previous, last.At));
        for (var next = first; ;)
        {
            cancellation.ThrowIfCancellationRequested();
            next = WritePage(database, lines, last, next, isBegin: next == first);
            await destination.WriteAsync(lines.WrittenMemory, cancellation);
            lines.ResetWrittenCount();
            if (next > last.Last)
                return;
        }
    }

    /// <summary>The entry to begin with, and the hash before it.</summary>
    private static (long First, byte[] Previous) Start(StateDatabase database, DateTimeOffset? since) => database.Read(connection =>
    {
        var chain = connection.QuerySingle<JournalChainRow>(JournalChainRow.Sql);
        // A checkpoint that was signed before the time has nothing younger in it; the newest is always written.
        var skipped = since is not { } begin ? null : connection.Query<CheckpointRow>(
                "SELECT statement AS Statement, signature AS Signature FROM journal_checkpoints WHERE sequence >= @First - 1 ORDER BY sequence DESC", new { chain.First }, buffered: false)
            .Skip(1).Select(static row => row.Read()).FirstOrDefault(checkpoint => checkpoint?.At <= begin);
        return skipped is null ? (chain.First, chain.Previous) : (skipped.Last + 1, Convert.FromHexString(skipped.Hash));
    });

    /// <summary>The entry after one at which a checkpoint was signed, and the hash before it.</summary>
    private static (long First, byte[] Previous) After(StateDatabase database, long after) => database.Read(connection =>
    {
        var chain = connection.QuerySingle<JournalChainRow>(JournalChainRow.Sql);
        if (after == chain.First - 1)
            return (chain.First, chain.Previous);
        var signed = connection.Query<CheckpointRow>("SELECT statement AS Statement, signature AS Signature FROM journal_checkpoints WHERE sequence = @after", new { after })
            .Select(static row => row.Read()).SingleOrDefault();
        return signed is not null && after >= chain.First ? (after + 1, Convert.FromHexString(signed.Hash)) : throw Fault.Of(
            JournalFault.Missing, FaultKind.NotFound,
            after < chain.First ? $"Entries up to {chain.First - 1} have expired." : $"Nothing was signed at entry {after}.",
            "Begin after an entry at which a checkpoint was signed, or leave the parameter out.").ToException();
    });

    private static long WritePage(StateDatabase database, ArrayBufferWriter<byte> lines, JournalCheckpoint last, long next, bool isBegin) => database.Read(connection =>
    {
        var end = Math.Min(next + Page - 1, last.Last);
        // The checkpoint before the first entry proves what that follows from.
        var checkpoints = connection.Query<CheckpointRow>(
                "SELECT statement AS Statement, signature AS Signature FROM journal_checkpoints WHERE sequence BETWEEN @from AND @end",
                new { from = isBegin ? next - 1 : next, end })
            .Select(static row => row.Read() ?? throw Broken("a checkpoint can't be read")).ToDictionary(static checkpoint => checkpoint.Last);
        WriteCheckpointAt(next - 1);
        var buffer = new byte[1024];
        foreach (var row in connection.Query<Row>(
            """
            SELECT sequence AS Sequence, at AS At, action AS Action, result AS Result, identity AS Identity, content AS Content, hash AS Hash, payload AS Payload
            FROM journal WHERE sequence BETWEEN @next AND @end ORDER BY sequence
            """,
            new { next, end }))
        {
            if (row.Sequence != next || !database.JournalSeal.TryOpen(row.Payload, row.Hash, ref buffer, out var payload))
                throw Broken($"entry {next} is missing or does not open");
            var (identitySalt, contentSalt) = payload.Salts();
            var entry = new JournalExportEntry(
                payload.Complete(row.Sequence, row.At, row.Action, row.Result), row.Identity, row.Content, row.Hash, identitySalt, contentSalt);
            Line(lines, json => JournalExportLine.WriteEntry(json, last.Journal, entry));
            WriteCheckpointAt(next);
            next++;
        }

        return next > end ? next : throw Broken($"entry {next} is missing");

        void WriteCheckpointAt(long sequence)
        {
            if (checkpoints.TryGetValue(sequence, out var checkpoint))
                Line(lines, json => JournalExportLine.WriteCheckpoint(json, checkpoint));
        }
    });

    private static void Line(ArrayBufferWriter<byte> lines, Action<Utf8JsonWriter> write)
    {
        using (var json = new Utf8JsonWriter(lines))
            write(json);
        lines.Write("\n"u8);
    }

    private static FaultException Broken(string why) => Fault.Of(
        JournalFault.Broken, FaultKind.Internal, $"The journal can't be exported: {why}.", "'entrepot audit verify' tells more.").ToException();

    private sealed record CheckpointRow(string Statement, byte[] Signature)
    {
        public JournalCheckpoint? Read() => JournalCheckpoint.TryParse(Statement, Signature);
    }

    private sealed record Row(long Sequence, long At, string Action, string Result, byte[] Identity, byte[] Content, byte[] Hash, byte[] Payload);
}
