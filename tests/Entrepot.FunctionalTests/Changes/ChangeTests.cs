using System.Net;
using Entrepot.Core.Secrets;
using Entrepot.FunctionalTests.Access;
using Entrepot.FunctionalTests.Push;
using Entrepot.Server.Access;
using Entrepot.Trust.Accounts;
using Entrepot.Trust.Changes;

namespace Entrepot.FunctionalTests.Changes;

/// <summary>Changes of the portfile at a running origin, by people with second factors.</summary>
public sealed class ChangeTests : IAsyncLifetime
{
    private const string Next = "services:\n  - {name: web, port: 9443, allow: [{cidr: 10.0.0.0/8}], owner: web team, purpose: pages}\n";

    private ChangeSite _site = null!;
    private string _jane = "", _raj = "";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _site = await ChangeSite.StartAsync(ChangedDocument.Portfile);
        (_jane, _raj) = (await _site.SignInAsync("jane"), await _site.SignInAsync("raj"));
    }

    public ValueTask DisposeAsync() => _site.DisposeAsync();

    [Fact]
    public async Task What_another_person_approves_is_what_is_applied_byte_for_byte()
    {
        var id = await _site.ProposedAsync(_jane, "portfile", Next);
        var proposed = await _site.ShowAsync(_raj, id);
        proposed.Diff.ShouldNotBeNull().ShouldContain("-  - {name: web, port: 8443");
        proposed.Diff.ShouldContain("+  - {name: web, port: 9443");
        proposed.Effects!.ShouldContain(static effect => effect.Text.Contains("moves from tcp/8443 to tcp/9443") || effect.Text.Contains("is granted: tcp/9443"));
        (await CodeOfAsync(_site.ApplyAsync(_jane, id))).ShouldBe("change/not-approved");

        (await CodeOfAsync(_site.ApproveAsync(_raj, id, _site.Code("raj")))).ShouldBe("");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(_site.PortfilePath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        (await CodeOfAsync(_site.ApplyAsync(_jane, id))).ShouldBe("");

        (await File.ReadAllTextAsync(_site.PortfilePath, Cancellation)).ShouldBe(Next);
        if (!OperatingSystem.IsWindows())
            File.GetUnixFileMode(_site.PortfilePath).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        (await _site.CurrentAsync(_raj, "portfile")).ShouldBe(Next);
        var applied = await _site.ShowAsync(_raj, id);
        (applied.State, applied.Proposer, applied.Application!.By).ShouldBe(("applied", "user:jane", "user:jane"));
        applied.Content.ShouldBe(Core.Identities.Sha256Digest.Of(applied.Bytes!));
        var approval = applied.Approval!;
        approval.Statement.ShouldContain($"\ncontent {applied.Content}\n");
        ChangeStatement.IsSignedBy(Ed25519Signature.FromPem(approval.PublicKey)!, new SignedStatement(approval.Statement, approval.Signature)).ShouldBeTrue();
        (await _site.JournalAsync("change.")).ShouldBe(
            ["change.accept done", "change.propose done", "change.begin refused", "change.approve done", "change.begin done", "change.apply done"]);
        (await CodeOfAsync(_site.ApplyAsync(_jane, id))).ShouldBe("change/closed", "once is enough");
    }

    [Fact]
    public async Task Nobody_approves_its_own_change_however_it_was_proposed()
    {
        var own = await _site.ProposedAsync(_jane, "portfile", Next);
        (await CodeOfAsync(_site.ApproveAsync(_jane, own, _site.Code("jane")))).ShouldBe("change/own-change");
        (await CodeOfAsync(_site.ApproveAsync(_jane, own, _site.LastCode("jane")))).ShouldBe("change/own-change", "the code was not used up by the first attempt");
        (await CodeOfAsync(_site.RejectAsync(_jane, own))).ShouldBe("change/own-change");

        // A token that she had made is she, and so is a token of that token.
        await _site.PromoteAsync("jane", "admin", "operator", "approver");
        var token = await _site.TokenAsync(_jane, "operator", "admin");
        var tokens = await _site.TokenAsync(token, "operator");
        foreach (var by in (string[])[token, tokens])
        {
            var id = await _site.ProposedAsync(by, "portfile", $"{Next}# by {by[^4..]}\n");
            (await CodeOfAsync(_site.ApproveAsync(_jane, id, _site.Code("jane")))).ShouldBe("change/own-change");
        }

        (await CodeOfAsync(_site.ApproveAsync(_raj, own, _site.Code("raj")))).ShouldBe("");
    }

    [Fact]
    public async Task No_token_approves_and_no_machine()
    {
        var id = await _site.ProposedAsync(_site.Operator(), "portfile", Next);
        (await CodeOfAsync(_site.ApproveAsync(_site.Operator(), id, "123456"))).ShouldBe("access/forbidden");
        var approver = await _site.TokenAsync(_site.Operator(), "approver");
        (await CodeOfAsync(_site.ApproveAsync(approver, id, _site.Code("raj")))).ShouldBe("change/no-person");
        (await CodeOfAsync(_site.RejectAsync(approver, id))).ShouldBe("change/no-person");
        (await CodeOfAsync(_site.ApproveAsync(_raj, id, _site.LastCode("raj")))).ShouldBe("");
        (await CodeOfAsync(_site.ApplyAsync(_raj, id))).ShouldBe("access/forbidden", "who approves does not apply");
    }

    [Fact]
    public async Task A_code_counts_once_and_guessing_locks_the_account()
    {
        var (first, second) = (await _site.ProposedAsync(_jane, "portfile", Next), await _site.ProposedAsync(_jane, "portfile", Next + "# 2\n"));
        var code = _site.Code("raj");
        (await CodeOfAsync(_site.ApproveAsync(_raj, first, code))).ShouldBe("");
        (await CodeOfAsync(_site.ApproveAsync(_raj, second, code))).ShouldBe("account/replayed");
        for (var i = 1; i < SignInRules.MaxFailures; i++)
            (await CodeOfAsync(_site.ApproveAsync(_raj, second, code))).ShouldBe("account/replayed");
        (await CodeOfAsync(_site.ApproveAsync(_raj, second, _site.Code("raj")))).ShouldBe("account/locked", "a replay is an attempt like another");
        for (var i = 0; i < FailureBook.Burst; i++)
            await CodeOfAsync(_site.ApproveAsync(_raj, second, "000000"));
        using var slow = await _site.ApproveAsync(_raj, second, "000000");
        slow.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
    }

    [Fact]
    public async Task An_approval_ends_and_so_does_a_proposal()
    {
        var (approved, proposed) = (await _site.ProposedAsync(_jane, "portfile", Next), await _site.ProposedAsync(_jane, "portfile", Next + "# 2\n"));
        (await CodeOfAsync(_site.ApproveAsync(_raj, approved, _site.Code("raj")))).ShouldBe("");
        _site.PutForward(TimeSpan.FromHours(24));
        _jane = await _site.SignInAsync("jane");
        (await CodeOfAsync(_site.ApplyAsync(_jane, approved))).ShouldBe("change/expired");
        (await _site.ShowAsync(_jane, approved)).State.ShouldBe("expired");
        (await File.ReadAllTextAsync(_site.PortfilePath, Cancellation)).ShouldBe(ChangeSite.Portfile);

        _site.PutForward(TimeSpan.FromDays(6));
        _raj = await _site.SignInAsync("raj");
        (await CodeOfAsync(_site.ApproveAsync(_raj, proposed, _site.Code("raj")))).ShouldBe("change/expired");
    }

    [Fact]
    public async Task Of_two_changes_of_one_document_the_second_is_superseded()
    {
        var (first, second) = (await _site.ProposedAsync(_jane, "portfile", Next), await _site.ProposedAsync(_jane, "portfile", Next + "# 2\n"));
        (await CodeOfAsync(_site.ApproveAsync(_raj, first, _site.Code("raj")))).ShouldBe("");
        (await CodeOfAsync(_site.ApproveAsync(_raj, second, _site.Code("raj")))).ShouldBe("");

        var applied = await Task.WhenAll(CodeOfAsync(_site.ApplyAsync(_jane, first)), CodeOfAsync(_site.ApplyAsync(_jane, second)), CodeOfAsync(_site.ApplyAsync(_jane, first)));
        applied.Count(static code => code == "").ShouldBe(1);
        applied.Where(static code => code != "").ShouldAllBe(static code => code == "change/superseded" || code == "change/closed");
        (await _site.ListAsync(_jane)).Changes.Select(static change => change.State).Order().ShouldBe(["applied", "superseded"]);
    }

    [Fact]
    public async Task One_of_two_people_approves_when_both_do_at_once()
    {
        var id = await _site.ProposedAsync(_jane, "portfile", Next);
        var mia = await _site.SignInAsync("mia");
        var (one, two) = (_site.Code("raj"), _site.LastCode("mia"));
        var codes = await Task.WhenAll(CodeOfAsync(_site.ApproveAsync(_raj, id, one)), CodeOfAsync(_site.ApproveAsync(mia, id, two)));
        codes.Order().ShouldBe(["", "change/closed"]);
    }

    [Fact]
    public async Task What_was_rejected_is_not_applied()
    {
        var id = await _site.ProposedAsync(_jane, "portfile", Next);
        (await CodeOfAsync(_site.ApproveAsync(_raj, id, _site.Code("raj")))).ShouldBe("");
        var mia = await _site.SignInAsync("mia");
        (await CodeOfAsync(_site.RejectAsync(mia, id))).ShouldBe("");
        (await CodeOfAsync(_site.ApplyAsync(_jane, id))).ShouldBe("change/closed");
        (await CodeOfAsync(_site.ApplyAsync(_jane, id, "fire"))).ShouldBe("change/closed", "nor by breaking the glass");
    }

    [Fact]
    public async Task Broken_glass_is_applied_at_once_and_loud_until_somebody_else_has_looked()
    {
        var id = await _site.ProposedAsync(_jane, "portfile", Next);
        (await CodeOfAsync(_site.ApplyAsync(_jane, id, " "))).ShouldBe("change/reason");
        (await CodeOfAsync(_site.ApplyAsync(_jane, id, "site down"))).ShouldBe("");
        (await File.ReadAllTextAsync(_site.PortfilePath, Cancellation)).ShouldBe(Next);
        (await _site.ListAsync(_raj)).Warnings.ShouldHaveSingleItem().ShouldContain("applied without approval by user:jane");

        (await CodeOfAsync(_site.ApproveAsync(_jane, id, _site.Code("jane"), "review"))).ShouldBe("change/own-change");
        _site.PutForward(TimeSpan.FromHours(72));
        _raj = await _site.SignInAsync("raj");
        (await _site.ListAsync(_raj)).Warnings[0].ShouldContain("OVERDUE");
        (await _site.ShowAsync(_raj, id)).BreakGlass!.Overdue.ShouldBeTrue();
        (await CodeOfAsync(_site.ApproveAsync(_raj, id, _site.Code("raj"), "review"))).ShouldBe("");
        (await _site.ListAsync(_raj)).Warnings.ShouldBeEmpty();
        (await _site.ShowAsync(_raj, id)).Review!.Statement.ShouldContain("\nreviewer user:raj\n");
        (await CodeOfAsync(_site.ApproveAsync(_raj, id, _site.Code("raj"), "review"))).ShouldBe("change/nothing-to-review");
    }

    [Fact]
    public async Task A_file_that_was_edited_by_hand_is_not_in_force_and_is_kept_when_a_change_takes_its_place()
    {
        await File.WriteAllTextAsync(_site.PortfilePath, "services: [] # by hand\n", Cancellation);
        await PushSite.EventuallyAsync(() => _site.ListAsync(_raj).GetAwaiter().GetResult().Warnings.Any(static text => text.Contains("is not in force")), "the edit is told");
        (await _site.CurrentAsync(_raj, "portfile")).ShouldBe(ChangeSite.Portfile);
        await _site.StopAsync();
        await _site.BootAsync();
        _jane = await _site.SignInAsync("jane");
        _raj = await _site.SignInAsync("raj");
        (await _site.CurrentAsync(_raj, "portfile")).ShouldBe(ChangeSite.Portfile, "what was approved last counts at a start too");
        (await _site.JournalAsync("portfile.refuse"))[0].ShouldBe("portfile.refuse refused");

        var id = await _site.ProposedAsync(_jane, "portfile", Next);
        (await CodeOfAsync(_site.ApproveAsync(_raj, id, _site.Code("raj")))).ShouldBe("");
        (await CodeOfAsync(_site.ApplyAsync(_jane, id))).ShouldBe("");
        (await File.ReadAllTextAsync(_site.PortfilePath, Cancellation)).ShouldBe(Next);
        (await File.ReadAllTextAsync(_site.PortfilePath + ".unapproved", Cancellation)).ShouldBe("services: [] # by hand\n");
        await PushSite.EventuallyAsync(() => _site.ListAsync(_raj).GetAwaiter().GetResult().Warnings.Count == 0, "the file is right again");
    }

    [Fact]
    public async Task What_was_decided_and_not_written_is_written_after_a_restart()
    {
        var id = await _site.ProposedAsync(_jane, "portfile", Next);
        (await CodeOfAsync(_site.ApproveAsync(_raj, id, _site.Code("raj")))).ShouldBe("");
        // No file can be put where a folder is.
        File.Delete(_site.PortfilePath);
        Directory.CreateDirectory(Path.Combine(_site.PortfilePath, "in the way"));
        (await CodeOfAsync(_site.ApplyAsync(_jane, id))).ShouldBe("change/unwritable");
        (await _site.ShowAsync(_jane, id)).State.ShouldBe("applying");
        (await _site.CurrentAsync(_jane, "portfile")).ShouldBe(Next, "it is decided");
        (await CodeOfAsync(_site.ApplyAsync(_jane, id))).ShouldBe("change/closed");

        await _site.StopAsync();
        Directory.Delete(_site.PortfilePath, recursive: true);
        await _site.BootAsync();
        _jane = await _site.SignInAsync("jane");
        await PushSite.EventuallyAsync(() => _site.ShowAsync(_jane, id).GetAwaiter().GetResult().State == "applied", "it is carried out");
        (await File.ReadAllTextAsync(_site.PortfilePath, Cancellation)).ShouldBe(Next);
    }

    [Fact]
    public async Task Bad_input_is_refused_with_every_error()
    {
        using var wrong = await _site.ProposeAsync(_jane, "portfile", "services:\n  - {name: web, port: 99999}\n  - {nam: x}\n");
        var text = await wrong.Content.ReadAsStringAsync(Cancellation);
        wrong.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await AccessSite.CodeOfAsync(wrong)).ShouldBe("portfile/invalid");
        text.ShouldContain("f.yaml:2:23");
        text.ShouldContain("f.yaml:3:6");
        (await CodeOfAsync(_site.ProposeAsync(_jane, "portfile", ChangeSite.Portfile))).ShouldBe("change/unchanged");
        (await CodeOfAsync(_site.ProposeAsync(_jane, "portfile", new string('#', ChangeBook.MaxBytes + 1)))).ShouldBe("change/too-large");
        (await CodeOfAsync(_site.ProposeAsync(_jane, "portfiles", Next))).ShouldBe("change/no-document");
        (await CodeOfAsync(_site.ApplyAsync(_jane, 4711))).ShouldBe("change/not-found");
        (await CodeOfAsync(_site.ApproveAsync(_raj, 4711, "123456"))).ShouldBe("change/not-found");
        using var dry = await _site.ProposeAsync(_jane, "portfile", Next, dryRun: true);
        dry.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await _site.ListAsync(_jane)).Changes.ShouldBeEmpty();
        for (var i = 0; i < ChangeBook.MaxOpen; i++)
            await _site.ProposedAsync(_jane, "portfile", $"{Next}# {i}\n");
        (await CodeOfAsync(_site.ProposeAsync(_jane, "portfile", Next))).ShouldBe("change/too-many");
    }

    private static Task<string> CodeOfAsync(Task<HttpResponseMessage> sent) => ChangeSite.CodeOfAsync(sent);
}
