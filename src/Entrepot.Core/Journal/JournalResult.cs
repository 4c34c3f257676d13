using System.Text.Json.Serialization;

namespace Entrepot.Core.Journal;

/// <summary>How what an entry tells of ended.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<JournalResult>))]
public enum JournalResult
{
    /// <summary>It was done.</summary>
    [JsonStringEnumMemberName("done")]
    Done,

    /// <summary>It was not allowed, or not possible; nothing was changed.</summary>
    [JsonStringEnumMemberName("refused")]
    Refused,

    /// <summary>It was begun and did not succeed.</summary>
    [JsonStringEnumMemberName("failed")]
    Failed,
}

/// <summary>The results by name, as they are chained.</summary>
internal static class JournalResults
{
    public static string Name(this JournalResult result) => result switch
    {
        JournalResult.Refused => "refused",
        JournalResult.Failed => "failed",
        _ => "done",
    };

    public static JournalResult Parse(string name) => name switch
    {
        "refused" => JournalResult.Refused,
        "failed" => JournalResult.Failed,
        _ => JournalResult.Done,
    };
}
