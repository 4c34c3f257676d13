using Entrepot.Core.Identities;
using Microsoft.Extensions.Logging;

namespace Entrepot.Server.Changes;

internal static partial class Log
{
    [LoggerMessage(1860, LogLevel.Information, "{File} counts as approved from now on, as it is: {Digest}")]
    public static partial void BaseTaken(ILogger logger, string file, Sha256Digest digest);

    [LoggerMessage(1861, LogLevel.Error, "{What} Propose the change: entrepot change propose portfile --file FILE --reason TEXT")]
    public static partial void Unapproved(ILogger logger, string what);

    [LoggerMessage(1862, LogLevel.Warning, "Change {Id} of the {Document} was APPLIED WITHOUT APPROVAL by {Actor}: {Why}. Another person has to review it until {Due:u}")]
    public static partial void GlassBroken(ILogger logger, long id, string document, string actor, string why, DateTimeOffset due);

    [LoggerMessage(1863, LogLevel.Warning, "{What}")]
    public static partial void Owed(ILogger logger, string what);

    [LoggerMessage(1864, LogLevel.Information, "Change {Id} of the {Document} was applied by {Actor}")]
    public static partial void Applied(ILogger logger, long id, string document, string actor);

    [LoggerMessage(1865, LogLevel.Warning, "Change {Id} was decided before and is carried out now: {File}")]
    public static partial void Recovered(ILogger logger, long id, string file);

    [LoggerMessage(1866, LogLevel.Error, "Change {Id} is decided, and {File} can't be written; it is tried again every minute: {Error}")]
    public static partial void Unwritten(ILogger logger, long id, string file, string error);

    [LoggerMessage(1867, LogLevel.Warning, "{File} held something that nobody approved; it is kept as {Copy}")]
    public static partial void StrayReplaced(ILogger logger, string file, string copy);

    [LoggerMessage(1868, LogLevel.Error, "Changes could not be looked after; it is tried again")]
    public static partial void RoundFailed(ILogger logger, Exception error);

    [LoggerMessage(1869, LogLevel.Warning, "The setting changes.require is of the origin; this node reads its portfile without asking for approval")]
    public static partial void NotTheOrigin(ILogger logger);
}
