#pragma warning disable
using BudgetGuard.Accounting;
using Microsoft.AspNetCore.Http; using Microsoft.AspNetCore.Http.Features; using Microsoft.Extensions.Logging;
namespace BudgetGuard.Pricing { internal sealed class PriceCatalog(Func<string?> p, ILogger l) : IPriceCatalog { public long Version => 1; public ModelPrice? Find(string m, string? p) => null; } }
namespace BudgetGuard.Accounting { internal sealed class InMemoryCostTracker(TimeProvider t, Func<ExpiredHolds> e, IAccountEvents? ev) : ICostTracker {
 readonly Dictionary<AccountKey,(long S,long H)> _a = new(); readonly Dictionary<HoldId,Hold> _h = new(); ulong _n; long _f;
 public long OpenHolds => _h.Count;
 long In(Account a, Charge c, bool hold) => a.Terms.Unit == BudgetUnit.Concurrency ? (hold ? 1 : 0) : c.In(a.Terms.Unit);
 public ValueTask<HoldResult> HoldAsync(HoldRequest r, CancellationToken c) { lock (_a) {
   var refs = System.Collections.Immutable.ImmutableArray.CreateBuilder<Refusal>(); bool deny = false; int tight=-1; long least=long.MaxValue;
   for (int i=0;i<r.Accounts.Accounts.Length;i++) { var a=r.Accounts.Accounts[i]; _a.TryGetValue(a.Key, out var v); long amt=In(a,r.Amount,true); var st=new AccountState(v.S,v.H,0,a.Limit,t.GetUtcNow().Date,t.GetUtcNow().Date.AddDays(1));
     if (amt > a.Limit - v.S - v.H) { deny |= a.Terms.Enforced; refs.Add(new Refusal{Account=a,Requested=amt,State=st,RetryAt=t.GetUtcNow().Date.AddDays(1),IsHeldByOthers=amt<=a.Limit-v.S,ExceedsLimit=amt>a.Limit}); }
     if (a.Terms.Unit==BudgetUnit.Usd && a.Limit-v.S-v.H-amt<least) { least=a.Limit-v.S-v.H-amt; tight=i; } }
   if (deny) return new(new HoldResult(HoldOutcome.Refused, default, refs.ToImmutable()));
   foreach (var a in r.Accounts.Accounts) { _a.TryGetValue(a.Key, out var v); _a[a.Key]=(v.S, v.H+In(a,r.Amount,true)); }
   var h=new Hold(new HoldId(1,++_n), r.Accounts, r.Amount); _h[h.Id]=h; return new(new HoldResult(HoldOutcome.Held,h,refs.ToImmutable()){Tightest=Math.Max(0,tight),Remaining=least}); } }
 public ValueTask<HoldResult> ExtendAsync(Hold h, Charge m, CancellationToken c) => default;
 void End(Hold h, Charge? a) { lock (_a) { _f++; _h.Remove(h.Id, out _); foreach (var x in h.Accounts.Accounts) { _a.TryGetValue(x.Key, out var v); _a[x.Key]=(v.S+(a is {} y?In(x,y,false):0), v.H-In(x,h.Amount,true)); } } }
 public ValueTask SettleAsync(Hold h, Charge a, CancellationToken c) { End(h,a); return default; }
 public ValueTask AdjustAsync(Hold h, Charge s, Charge a, CancellationToken c) { lock(_a) foreach (var x in h.Accounts.Accounts) { _a.TryGetValue(x.Key, out var v); _a[x.Key]=(v.S+In(x,a,false)-In(x,s,false), v.H); } return default; }
 public ValueTask ReleaseAsync(Hold h, CancellationToken c) { End(h,null); return default; }
 public ValueTask<AccountState> ReadAsync(Account a, CancellationToken c) { lock(_a) { _a.TryGetValue(a.Key, out var v); return new(new AccountState(v.S,v.H,0,a.Limit,null,t.GetUtcNow().Date.AddDays(1))); } }
 public long ReadFreedVersion(AccountSet a)=>Volatile.Read(ref _f); } }
namespace BudgetGuard.Metering { internal static class BuiltInUsageReaders { public static IUsageReader? For(BudgetGuard.Identification.ModelApi a) => null; }
 internal sealed class ResponseMeter(HttpContext c, IHttpResponseBodyFeature i, IUsageReader r, Func<TokenUsage, ValueTask> u, Action<Exception> f) : IHttpResponseBodyFeature { public Task CompleteMeteringAsync() => Task.CompletedTask; public void Detach(){} 
 public Stream Stream => i.Stream; public System.IO.Pipelines.PipeWriter Writer => i.Writer; public Task StartAsync(CancellationToken t=default)=>i.StartAsync(t); public Task CompleteAsync()=>i.CompleteAsync(); public void DisableBuffering()=>i.DisableBuffering(); public Task SendFileAsync(string p,long o,long? n,CancellationToken t=default)=>i.SendFileAsync(p,o,n,t);} }
