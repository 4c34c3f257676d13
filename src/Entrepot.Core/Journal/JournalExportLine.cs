using System.Text.Json;

namespace Entrepot.Core.Journal;

/// <summary>An entry as an export tells it: what the chain covers, and what opens its commitments.</summary>
/// <param name="Entry">The entry; pseudonyms stand in it where a salt is empty.</param>
/// <param name="Identity">Commitment to who and from where.</param>
/// <param name="Content">Commitment to the rest.</param>
/// <param name="Hash">The entry's hash.</param>
/// <param name="IdentitySalt">Opens the first commitment; empty when it can't be opened any more.</param>
/// <param name="ContentSalt">Opens the second.</param>
internal sealed record JournalExportEntry(JournalEntry Entry, byte[] Identity, byte[] Content, byte[] Hash, byte[] IdentitySalt, byte[] ContentSalt);

/// <summary>The lines of an export: Elastic Common Schema documents, one a line. Everything outside <c>entrepot</c> follows from what is inside, so that
/// a verifier builds the line again and compares.</summary>
internal static class JournalExportLine
{
    private const string EcsVersion = "8.11.0";
    private const string Dataset = "entrepot.journal";

    /// <summary>The first line: which journal, by which key, from where on.</summary>
    public static void WriteBegin(Utf8JsonWriter json, string journal, byte[] publicKey, long first, byte[] previous, DateTimeOffset at)
    {
        Begin(json, at, "state", "info", "journal.export", "success", first);
        json.WriteStartObject("entrepot");
        json.WriteString("line", "begin");
        json.WriteString("journal", journal);
        json.WriteString("public_key", Convert.ToHexStringLower(publicKey));
        json.WriteNumber("first", first);
        json.WriteString("previous", Convert.ToHexStringLower(previous));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>A checkpoint, right after the entry that it is about.</summary>
    public static void WriteCheckpoint(Utf8JsonWriter json, JournalCheckpoint checkpoint)
    {
        Begin(json, checkpoint.At, "state", "info", "journal.checkpoint", "success", checkpoint.Last);
        json.WriteStartObject("entrepot");
        json.WriteString("line", "checkpoint");
        json.WriteString("journal", checkpoint.Journal);
        json.WriteString("statement", checkpoint.Statement);
        json.WriteString("signature", Convert.ToHexStringLower(checkpoint.Signature));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>An entry.</summary>
    public static void WriteEntry(Utf8JsonWriter json, string journal, JournalExportEntry line)
    {
        var entry = line.Entry;
        var isRead = entry.Action.EndsWith(".read", StringComparison.Ordinal);
        Begin(json, entry.At, "event", isRead ? "access" : "change", entry.Action, entry.Result == JournalResult.Done ? "success" : "failure", entry.Sequence);
        json.WriteStartObject("user");
        json.WriteString("name", entry.By.Who);
        json.WriteEndObject();
        if (entry.By.From.Length > 0)
        {
            json.WriteStartObject("source");
            json.WriteString("address", entry.By.From);
            json.WriteEndObject();
        }

        json.WriteStartObject("entrepot");
        json.WriteString("line", "entry");
        json.WriteString("journal", journal);
        json.WriteNumber("sequence", entry.Sequence);
        json.WriteNumber("at", entry.At.ToUnixTimeMilliseconds());
        json.WriteString("action", entry.Action);
        json.WriteString("result", entry.Result.Name());
        json.WriteString("identity", Convert.ToHexStringLower(line.Identity));
        json.WriteString("content", Convert.ToHexStringLower(line.Content));
        json.WriteString("hash", Convert.ToHexStringLower(line.Hash));
        json.WriteStartObject("who");
        json.WriteString("salt", Convert.ToHexStringLower(line.IdentitySalt));
        json.WriteString("name", entry.By.Who);
        json.WriteString("from", entry.By.From);
        json.WriteEndObject();
        json.WriteStartObject("what");
        json.WriteString("salt", Convert.ToHexStringLower(line.ContentSalt));
        json.WriteString("subject", entry.Subject);
        json.WriteString("details", entry.Details);
        json.WriteString("before", entry.Before ?? "");
        json.WriteString("after", entry.After ?? "");
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Begin(Utf8JsonWriter json, DateTimeOffset at, string kind, string type, string action, string outcome, long sequence)
    {
        json.WriteStartObject();
        json.WriteString("@timestamp", at.UtcDateTime.ToString(JournalCheckpoint.Time, System.Globalization.CultureInfo.InvariantCulture));
        json.WriteStartObject("ecs");
        json.WriteString("version", EcsVersion);
        json.WriteEndObject();
        json.WriteStartObject("event");
        json.WriteString("kind", kind);
        json.WriteStartArray("category");
        json.WriteStringValue("configuration");
        json.WriteEndArray();
        json.WriteStartArray("type");
        json.WriteStringValue(type);
        json.WriteEndArray();
        json.WriteString("dataset", Dataset);
        json.WriteString("action", action);
        json.WriteString("outcome", outcome);
        json.WriteNumber("sequence", sequence);
        json.WriteEndObject();
    }
}
