using Entrepot.Core.Identities;
using Entrepot.Mirror.Replication;
using Microsoft.Extensions.Logging;

namespace Entrepot.Mirror.Caching;

/// <summary>Log messages of the cache; ids 3100–3199.</summary>
internal static partial class Log
{
    [LoggerMessage(3100, LogLevel.Information, "Cache opened at {Folder}: {Blobs} blobs, {Bytes} bytes held, {Removed} leftovers removed")]
    public static partial void Opened(ILogger logger, string folder, int blobs, long bytes, int removed);

    [LoggerMessage(3101, LogLevel.Warning, "Source {Source} failed ({Reason}) on piece {Piece} of {Digest}: {Detail}; benched for {Bench}")]
    public static partial void SourceFailed(
        ILogger logger, string source, ReplicationFault reason, int piece, Sha256Digest digest, string detail, TimeSpan bench);

    [LoggerMessage(3102, LogLevel.Warning, "The cache's disk has no room ({Detail}); pieces are served through without being kept for {Pause}")]
    public static partial void DiskFull(ILogger logger, string detail, TimeSpan pause);

    [LoggerMessage(3103, LogLevel.Error, "The cache's disk fails ({Detail}); pieces are served through without being kept for {Pause}")]
    public static partial void DiskFailed(ILogger logger, string detail, TimeSpan pause);

    [LoggerMessage(3104, LogLevel.Error, "{Lost} pieces of {Digest} could not be made durable and are dropped: {Detail}")]
    public static partial void PiecesLost(ILogger logger, Sha256Digest digest, int lost, string detail);

    [LoggerMessage(3105, LogLevel.Warning, "The bitmap of {Digest} could not be written, will try again: {Detail}")]
    public static partial void CommitFailed(ILogger logger, Sha256Digest digest, string detail);

    [LoggerMessage(3106, LogLevel.Error, "Piece {Piece} of {Digest} is rotten on disk: {Detail}")]
    public static partial void Rotten(ILogger logger, int piece, Sha256Digest digest, string detail);

    [LoggerMessage(3107, LogLevel.Information, "Evicted {Blobs} blobs and {Pieces} single pieces, {Bytes} bytes")]
    public static partial void Evicted(ILogger logger, int blobs, int pieces, long bytes);

    [LoggerMessage(3108, LogLevel.Error, "Keeping the cache in order failed; it goes on")]
    public static partial void MaintenanceFailed(ILogger logger, Exception error);

    [LoggerMessage(3110, LogLevel.Warning, "{Detail}; it is served through from upstream while that lasts")]
    public static partial void NotOpened(ILogger logger, string detail);

    [LoggerMessage(3109, LogLevel.Information, "Piece {Piece} of {Digest} was fetched again and is proven")]
    public static partial void Mended(ILogger logger, int piece, Sha256Digest digest);
}
