using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Audit;

/// <summary>What the audit logs.</summary>
internal static partial class AuditLog
{
    /// <summary>The statement whole, so that wherever logs are shipped to, a checkpoint is kept beside the database.</summary>
    [LoggerMessage(Level = LogLevel.Information, Message = "Journal checkpoint: journal {Journal} first {First} last {Last} hash {Hash} signature {Signature}.")]
    public static partial void CheckpointMade(ILogger logger, string journal, long first, long last, string hash, string signature);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The journal is not looked after: {Message}")]
    public static partial void KeepingFailed(ILogger logger, string message);

    [LoggerMessage(Level = LogLevel.Information, Message = "Retention: {Count} journal entries name no person any more.")]
    public static partial void Pseudonymised(ILogger logger, long count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The origin's journal is not copied at this moment: {Message}")]
    public static partial void CopyFailed(ILogger logger, string message);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The origin's journal does not follow from its copy, from entry {Sequence} on: {Message} The copy stays as it was; keep it and the origin's data folder for whoever investigates.")]
    public static partial void CopyBroken(ILogger logger, long sequence, string message);

    [LoggerMessage(Level = LogLevel.Information, Message = "Retention: {Count} journal entries have expired.")]
    public static partial void Expired(ILogger logger, long count);
}
