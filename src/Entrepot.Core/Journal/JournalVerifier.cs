using System.Security.Cryptography;
using Dapper;
using Entrepot.Core.Secrets;
using Entrepot.Core.State;
using Microsoft.Data.Sqlite;

namespace Entrepot.Core.Journal;

/// <summary>What a verification is compared with beside the database itself.</summary>
public sealed record JournalWitness
{
    /// <summary>Checkpoints that were kept elsewhere: the journal must agree with each that is not older than its beginning.</summary>
    public IReadOnlyList<JournalCheckpoint> Checkpoints { get; init; } = [];

    /// <summary>The journal's public key as it was noted before; null to believe the database.</summary>
    public byte[]? PublicKey { get; init; }
}

/// <summary>Proves a journal in one pass: every hash, every signature and, with the sealing key, every word.</summary>
public static class JournalVerifier
{
    /// <summary>Entries between two reports of progress.</summary>
    private const int ReportEvery = 10_000;

    /// <summary>Proves the journal of an open database.</summary>
    /// <param name="database">Where it is.</param>
    /// <param name="witness">What it must agree with.</param>
    /// <param name="progress">Told now and then.</param>
    /// <param name="cancellation">Gives up.</param>
    public static JournalVerification Verify(StateDatabase database, JournalWitness witness, IProgress<JournalProgress>? progress, CancellationToken cancellation)
        => database.Read(connection => Verify(connection, database.JournalSeal, witness, progress, cancellation));

    /// <summary>Proves the journal in a file, which is not changed; a node may have it open.</summary>
    /// <param name="file">The database.</param>
    /// <param name="key">The sealing key; null proves hashes and signatures only.</param>
    /// <param name="witness">What it must agree with.</param>
    /// <param name="progress">Told now and then.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="Faults.FaultException"><see cref="JournalFault.Missing"/>; <see cref="SecretFault.Broken"/> when the key is another's.</exception>
    public static JournalVerification Verify(
        string file, SealingKey? key, JournalWitness witness, IProgress<JournalProgress>? progress, CancellationToken cancellation)
        => JournalFile.Read(file, connection =>
        {
            var seal = key is null ? null : new JournalSeal(key, connection.QuerySingle<JournalChainRow>(JournalChainRow.Sql));
            seal?.Check();
            return Verify(connection, seal, witness, progress, cancellation);
        });

    /// <summary>Proves what was appended since the last checkpoint.</summary>
    internal static JournalVerification VerifyTail(StateDatabase database, CancellationToken cancellation)
        => database.Read(connection =>
        {
            var chain = connection.QuerySingle<JournalChainRow>(JournalChainRow.Sql);
            var last = connection.QueryFirstOrDefault<CheckpointRow>(
                "SELECT sequence AS Sequence, statement AS Statement, signature AS Signature FROM journal_checkpoints ORDER BY sequence DESC LIMIT 1");
            if (last is { } row && JournalCheckpoint.TryParse(row.Statement, row.Signature) is { } checkpoint && row.Sequence >= chain.First - 1)
                chain = chain with { First = row.Sequence + 1, Previous = Convert.FromHexString(checkpoint.Hash) };
            return new Pass(connection, database.JournalSeal, chain, isWhole: false).Run(new JournalWitness(), null, cancellation);
        });

    private static JournalVerification Verify(
        SqliteConnection connection, JournalSeal? seal, JournalWitness witness, IProgress<JournalProgress>? progress, CancellationToken cancellation)
    {
        // One read transaction: what is appended meanwhile is not seen, neither as an entry nor as a checkpoint.
        using var snapshot = connection.BeginTransaction(deferred: true);
        return new Pass(connection, seal, connection.QuerySingle<JournalChainRow>(JournalChainRow.Sql), isWhole: true).Run(witness, progress, cancellation);
    }

    private sealed record CheckpointRow(long Sequence, string Statement, byte[] Signature);

    /// <summary>One pass over one database.</summary>
    private sealed class Pass(SqliteConnection connection, JournalSeal? seal, JournalChainRow chain, bool isWhole)
    {
        private readonly JournalChainCheck _check = new(chain.Journal, chain.PublicKey, chain.First, chain.Previous, isWhole);
        private readonly byte[] _commitment = new byte[JournalEncoding.HashBytes];
        private byte[] _buffer = new byte[1024];
        private long _pseudonymised;

        public JournalVerification Run(JournalWitness witness, IProgress<JournalProgress>? progress, CancellationToken cancellation)
        {
            var flaw = witness.PublicKey is { } expected && !expected.AsSpan().SequenceEqual(chain.PublicKey)
                ? new JournalBreak(chain.First, JournalFlaw.Key, "The journal's public key is not the one that is expected.")
                : Follow(witness, progress, cancellation) ?? _check.End();
            return new JournalVerification(
                Convert.ToHexStringLower(chain.Journal), chain.First, _check.Last, _check.Checkpoints, _check.SignedUpTo, _check.SignedAt, seal is not null,
                _pseudonymised, flaw);
        }

        private JournalBreak? Follow(JournalWitness witness, IProgress<JournalProgress>? progress, CancellationToken cancellation)
        {
            using var checkpoints = Checkpoints(witness).GetEnumerator();
            var more = checkpoints.MoveNext();
            var total = connection.ExecuteScalar<long>("SELECT coalesce(max(sequence), 0) FROM journal") - chain.First + 1;
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT sequence, at, action, result, identity, content, hash, payload FROM journal WHERE sequence >= @first ORDER BY sequence";
            command.Parameters.AddWithValue("@first", chain.First);
            using var reader = command.ExecuteReader();
            do
            {
                for (; more && checkpoints.Current.Sequence <= _check.Last; more = checkpoints.MoveNext())
                {
                    if (_check.Checkpoint(checkpoints.Current.Checkpoint) is { } wrong)
                        return wrong;
                }

                if (!reader.Read())
                    break;
                if (Entry(reader) is { } flaw)
                    return flaw;
                var done = _check.Last - chain.First + 1;
                if (done % ReportEvery == 0)
                {
                    cancellation.ThrowIfCancellationRequested();
                    progress?.Report(new JournalProgress(done, total));
                }
            }
            while (true);
            return more ? _check.Checkpoint(checkpoints.Current.Checkpoint) : null;
        }

        private JournalBreak? Entry(SqliteDataReader row)
        {
            var sequence = row.GetInt64(0);
            var (identity, content, hash) = (row.GetFieldValue<byte[]>(4), row.GetFieldValue<byte[]>(5), row.GetFieldValue<byte[]>(6));
            if (_check.Entry(sequence, row.GetInt64(1), row.GetString(2), row.GetString(3), identity, content, hash) is { } flaw)
                return flaw;
            if (seal is null)
                return null;
            if (!seal.TryOpen(row.GetFieldValue<byte[]>(7), hash, ref _buffer, out var payload))
                return new JournalBreak(sequence, JournalFlaw.Content, $"What entry {sequence} tells does not open: it was changed, or was not written by this node.");
            if ((payload.IdentityAsCommitted && !IsCommitted(payload.Identity, identity)) || (payload.ContentAsCommitted && !IsCommitted(payload.Content, content)))
                return new JournalBreak(sequence, JournalFlaw.Content, $"What entry {sequence} tells is not what the chain covers.");
            if (!payload.IdentityAsCommitted || !payload.ContentAsCommitted)
                _pseudonymised++;
            return null;
        }

        private bool IsCommitted(ReadOnlySpan<byte> part, ReadOnlySpan<byte> commitment)
        {
            SHA256.HashData(part, _commitment);
            return commitment.SequenceEqual(_commitment);
        }

        /// <summary>The database's own checkpoints and those of the witness, in order.</summary>
        private IEnumerable<(long Sequence, JournalCheckpoint? Checkpoint)> Checkpoints(JournalWitness witness)
        {
            var kept = witness.Checkpoints.Where(checkpoint => checkpoint.Last >= chain.First - 1).OrderBy(static checkpoint => checkpoint.Last).ToList();
            var next = 0;
            foreach (var row in connection.Query<CheckpointRow>(
                "SELECT sequence AS Sequence, statement AS Statement, signature AS Signature FROM journal_checkpoints WHERE sequence >= @from ORDER BY sequence",
                new { from = chain.First - 1 }, buffered: false))
            {
                for (; next < kept.Count && kept[next].Last <= row.Sequence; next++)
                    yield return (kept[next].Last, kept[next]);
                var read = JournalCheckpoint.TryParse(row.Statement, row.Signature);
                yield return (row.Sequence, read?.Last == row.Sequence ? read : null);
            }

            for (; next < kept.Count; next++)
                yield return (kept[next].Last, kept[next]);
        }
    }
}
