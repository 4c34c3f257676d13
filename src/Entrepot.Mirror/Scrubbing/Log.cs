using Entrepot.Core.Identities;
using Microsoft.Extensions.Logging;

namespace Entrepot.Mirror.Scrubbing;

internal static partial class Log
{
    [LoggerMessage(2100, LogLevel.Warning, "{Digest} is damaged at rest: {Pieces} of {Total} pieces are rotten, the file has {Found} bytes")]
    public static partial void Damaged(ILogger logger, Sha256Digest digest, int pieces, int total, long? found);

    [LoggerMessage(2101, LogLevel.Warning, "{Digest} was mended: {Detail}")]
    public static partial void Mended(ILogger logger, Sha256Digest digest, string detail);

    [LoggerMessage(2102, LogLevel.Error, "{Digest} could not be mended: {Detail}")]
    public static partial void NotMended(ILogger logger, Sha256Digest digest, string detail);

    [LoggerMessage(2103, LogLevel.Warning, "{Digest} is sound again")]
    public static partial void SoundAgain(ILogger logger, Sha256Digest digest);

    [LoggerMessage(2104, LogLevel.Information, "A scrub pass is done (SHA-256: {Deep}); it began {StartedAt:u}")]
    public static partial void PassDone(ILogger logger, bool deep, DateTimeOffset startedAt);

    [LoggerMessage(2105, LogLevel.Error, "Scrubbing failed; it goes on later")]
    public static partial void ScrubbingFailed(ILogger logger, Exception error);

    [LoggerMessage(2106, LogLevel.Warning, "No MD5 was recorded for {Digest}: its bytes at rest are not what they should be")]
    public static partial void Md5OfDamaged(ILogger logger, Sha256Digest digest);

    [LoggerMessage(2108, LogLevel.Warning, "{Digest} was not sent: its piece {Piece} is rotten. The blob is examined now")]
    public static partial void RottenWhenSent(ILogger logger, Sha256Digest digest, int piece);

    [LoggerMessage(2107, LogLevel.Error, "Computing MD5 values failed; it goes on later")]
    public static partial void Md5Failed(ILogger logger, Exception error);
}
