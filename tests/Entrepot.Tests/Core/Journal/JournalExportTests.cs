using System.Text;
using System.Text.Json;
using Entrepot.Core.Faults;
using Entrepot.Core.Journal;
using Entrepot.Core.Secrets;

namespace Entrepot.Tests.Core.Journal;

public sealed class JournalExportTests : IAsyncDisposable
{
    private readonly JournalSample _journal = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _journal.DisposeAsync();

    [Fact]
    public async Task An_export_is_proven_by_itself_and_has_the_fields_of_ECS()
    {
        await _journal.AppendAsync(5, "user:ann@10.0.0.7");
        await _journal.CheckpointAsync();
        await _journal.AppendAsync(3, "system:guard");

        var export = await ExportAsync();

        var proof = await VerifyAsync(export, new JournalWitness { PublicKey = Ed25519Signature.FromPem(JournalKeeping.PublicKey(_journal.State)) });
        (proof.Break, proof.First, proof.Last, proof.SignedUpTo, proof.Checkpoints).ShouldBe((null, 1, 8, 8, 2));
        var lines = Encoding.UTF8.GetString(export).TrimEnd('\n').Split('\n').Select(static line => JsonDocument.Parse(line).RootElement).ToList();
        lines.Count.ShouldBe(1 + 8 + 2);
        var entry = lines[1];
        entry.GetProperty("@timestamp").GetString().ShouldBe("2026-03-01T12:01:00.000Z");
        entry.GetProperty("user").GetProperty("name").GetString().ShouldBe("user:ann");
        entry.GetProperty("source").GetProperty("address").GetString().ShouldBe("10.0.0.7");
        entry.GetProperty("event").GetProperty("action").GetString().ShouldBe("thing.change");
        entry.GetProperty("event").GetProperty("outcome").GetString().ShouldBe("success");
        lines[2].GetProperty("event").GetProperty("outcome").GetString().ShouldBe("failure");
        lines.ShouldAllBe(static line => line.GetProperty("ecs").GetProperty("version").GetString() == "8.11.0");
    }

    [Fact]
    public async Task Every_changed_byte_of_an_export_is_found()
    {
        await _journal.AppendAsync(3);
        var export = await ExportAsync();
        var noted = new JournalWitness { PublicKey = Ed25519Signature.FromPem(JournalKeeping.PublicKey(_journal.State)) };

        for (var i = 0; i < export.Length; i++)
        {
            export[i] ^= 1;
            (await IsProvenAsync(export, noted)).ShouldBeFalse($"byte {i} of {export.Length}: {Encoding.UTF8.GetString(export)[Math.Max(0, i - 30)..i]}");
            export[i] ^= 1;
        }

        (await IsProvenAsync(export, noted)).ShouldBeTrue();
    }

    [Fact]
    public async Task Lines_that_are_taken_out_doubled_or_that_change_places_are_found()
    {
        await _journal.AppendAsync(3);
        await _journal.CheckpointAsync();
        await _journal.AppendAsync(3);
        var lines = Encoding.UTF8.GetString(await ExportAsync()).TrimEnd('\n').Split('\n');

        for (var i = 0; i < lines.Length; i++)
        {
            // A checkpoint in the middle may go: the next signs the same entries. An export says how far it is signed, and by how many.
            if (!(lines[i].Contains("\"line\":\"checkpoint\"", StringComparison.Ordinal) && i < lines.Length - 1))
                (await IsProvenAsync(Join([.. lines[..i], .. lines[(i + 1)..]]))).ShouldBeFalse($"without line {i}");
            if (lines[i].Contains("\"line\":\"entry\"", StringComparison.Ordinal))
                (await IsProvenAsync(Join([.. lines[..i], lines[i], .. lines[i..]]))).ShouldBeFalse($"line {i} twice");
            if (i < lines.Length - 1)
                (await IsProvenAsync(Join([.. lines[..i], lines[i + 1], lines[i], .. lines[(i + 2)..]]))).ShouldBeFalse($"lines {i} and {i + 1}");
            (await IsProvenAsync(Join(lines[..i]))).ShouldBe(false, $"the first {i} lines");
        }

        static byte[] Join(string[] lines) => Encoding.UTF8.GetBytes(string.Concat(lines.Select(static line => line + "\n")));
    }

    [Fact]
    public async Task An_export_of_the_youngest_or_after_expiry_begins_at_a_checkpoint_and_is_proven()
    {
        await _journal.AppendAsync(5);
        await _journal.CheckpointAsync();
        var since = _journal.Now + TimeSpan.FromSeconds(30);
        await _journal.AppendAsync(5);
        await _journal.CheckpointAsync();

        var young = await VerifyAsync(await ExportAsync(since), new JournalWitness());
        (young.Break, young.First, young.Last).ShouldBe((null, 6, 10));

        await JournalKeeping.ExpireAsync(_journal.State, since, _journal.Now, Stop);
        var rest = await VerifyAsync(await ExportAsync(), new JournalWitness());
        (rest.Break, rest.First, rest.Last).ShouldBe((null, 6, 11));
    }

    [Fact]
    public async Task Pseudonyms_are_believed_where_the_journal_says_so_and_nowhere_else()
    {
        await _journal.AppendAsync(4);
        var whole = await ExportAsync();
        await JournalKeeping.PseudonymiseAsync(_journal.State, JournalSample.Start.AddMinutes(2.5), _journal.Now, Stop);
        var covered = await ExportAsync();

        var proof = await VerifyAsync(covered, new JournalWitness());
        (proof.Break, proof.Pseudonymised).ShouldBe((null, 2));
        var hidden = System.Text.RegularExpressions.Regex.Replace(
            Encoding.UTF8.GetString(whole), "\"who\":\\{\"salt\":\"[0-9a-f]+\"", "\"who\":{\"salt\":\"\"");
        (await VerifyAsync(Encoding.UTF8.GetBytes(hidden), new JournalWitness())).Break.ShouldNotBeNull().Flaw.ShouldBe(JournalFlaw.Withheld);
    }

    [Fact]
    public async Task An_empty_journal_and_a_file_that_is_none_are_refused()
    {
        (await Should.ThrowAsync<FaultException>(() => ExportAsync())).Fault.Is(JournalFault.Missing).ShouldBeTrue();
        (await Should.ThrowAsync<FaultException>(() => VerifyAsync([], new JournalWitness()))).Fault.Is(JournalFault.Malformed).ShouldBeTrue();
        (await Should.ThrowAsync<FaultException>(() => VerifyAsync("{}\n"u8.ToArray(), new JournalWitness()))).Fault.Is(JournalFault.Malformed).ShouldBeTrue();
    }

    private async Task<byte[]> ExportAsync(DateTimeOffset? since = null)
    {
        using var stream = new MemoryStream();
        await JournalExport.WriteAsync(_journal.State, stream, new JournalExportStart(since), _journal.Now, Stop);
        return stream.ToArray();
    }

    private static async Task<JournalVerification> VerifyAsync(byte[] export, JournalWitness witness)
    {
        using var stream = new MemoryStream(export);
        return await JournalExportVerifier.VerifyAsync(stream, witness, null, Stop);
    }

    private static async Task<bool> IsProvenAsync(byte[] export, JournalWitness? witness = null)
    {
        try
        {
            return (await VerifyAsync(export, witness ?? new JournalWitness())).Break is null;
        }
        catch (FaultException error) when (error.Fault.Is(JournalFault.Malformed))
        {
            return false;
        }
    }
}
