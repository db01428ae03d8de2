"""Chinese: no inflection and no spaces; a clause is built from who, where, did and what."""

from tokenmill.mini.grammar import Grammar, Slots, slots

SENTENCES = """
{when}，{who}{where}{did}了{np}。
{when}，{who}{did}了{np}，{so}。
因为{main}，所以{main}。
虽然{main}，但是{main}。
{who}{said}，{main}。
{who}{said}：“{opinion}。”
{adverb}，{main}，{so}。
{connect}，{who}{where}{did}了{np}。
如果{main}，{agents}就会{did}{np}。
{np}{very}{judge}，而{np}却{very}{judge}。
{np}不但{judge}，而且{judge}。
{who}为了{did}{np}，{when}{did}了{np}。
除了{np}以外，{agents}还{did}了{np}。
大约百分之{percent}的{noun}{very}{judge}，{so}。
在{town}，{agents}已经{did}了{tens}{measure}{noun}。
{who}和{who}一起{where}{did}了{np}。
没有人想到{main}。
对于{agents}来说，{craft}{very}{judge}。
{craft}从{year}年开始改变，当时{who}{did}了{np}。
为什么{np}这么{judge}？{who}{said}，{main}。
{who}花了{span}才{did}了{np}。
据{who}介绍，{main}，{so}。
{when}，{agents}把{np}送到了{town}。
来自{town}的{agents}经常问，{main}吗？
每当{main}的时候，{agents}都会{did}{np}。
{who}一边{did}{np}，一边{did}{np}。
{year}年到{later}年之间，{agents}{where}{did}了{np}。
只有{did}{np}，才能{did}{np}。
与{np}相比，{np}更加{judge}。
{np}是{who}{when}{did}的，{so}。
有人认为{main}，也有人认为{main}。
即使{main}，{who}也要{did}{np}。
"""

GENERAL = slots(
    sentence=SENTENCES,
    np="""{adj}的{noun}|这{measure}{noun}|那些{adj}的{noun}|{town}的{noun}|{small}{measure}{adj}的{noun}|自己的{noun}
    {tens}{measure}{noun}|许多{adj}的{noun}|一{measure}{adj}的{noun}|所有的{noun}|我们的{noun}|最{judge}的{noun}|{name}的{noun}
    第一{measure}{noun}|{town}附近的{adj}的{noun}""",
    who="{name}|{name}|{agent}|{agent}|{town}的{agent}|{agent}{name}|一位{agent}|{name}{honorific}",
    main="""{who}{did}了{np}|{who}{where}{did}了{np}|{agents}{did}了{np}|{np}{very}{judge}|{who}想{did}{np}
    {agents}必须{did}{np}|{who}没有{did}{np}|{who}帮助{agents}{did}{np}|{np}变得{very}{judge}|{agents}都觉得{np}{very}{judge}""",
    so="所以{main}|让{agents}{feel}|可是{main}|因此{main}|这使{np}{very}{judge}|于是{who}{did}了{np}|并且{main}|结果{main}",
    opinion="""{np}{very}{judge}|我从来没有见过这么{judge}的{noun}|我们应该{did}{np}|谁都可以{did}{np}|人们常常忘记{main}
    {craft}{very}{judge}|没有{np}就没有{np}""",
    when="""{year}年春天|{year}年{month}月|{year}年{month}月{day}日|{tens}年前|去年夏天|{weekday}早上|{weekday}晚上|从{year}年起|{year}年底
    不久以后|每年冬天|{span}以后|{month}月初|直到{year}年|上个{weekday}""",
    name="{last}{first}|{last}{first}|{last}{honorific}",
    title="""{town}的{adj}{noun}|{adj}的{noun}和{noun}|为什么{main}|{name}与{noun}的故事|怎样{did}{adj}的{noun}|{craft}在{town}
    {small}{measure}{noun}的历史""",
    heading="{adj}的{noun}|{town}的{noun}|今天的{craft}|{name}和{noun}|关于{noun}的问题",
    said="说|认为|表示|解释说|写道|回忆说|补充说|承认|指出|强调",
    adverb="遗憾的是|事实上|一般来说|当时|起初|最后|当然|有时候|奇怪的是|年复一年|直到今天|幸运的是",
    connect="然而|尽管如此|例如|另一方面|后来|此外|相反|由于这个原因|不久之后|与此同时|总之|因此",
    very="很|非常|十分|特别|比较|相当|一直很|并不|越来越|仍然很|实在太|的确很",
    judge="有用|困难|珍贵|受欢迎|著名|可靠|危险|美丽|少见|便宜|简单|复杂|重要|安全|漂亮|有趣|古老|安静|神秘|完整|普通|特殊|脆弱|实用",
    feel="非常高兴|感到意外|十分担心|很感兴趣|有些失望|印象深刻|深受感动|觉得很奇怪",
    span="{small}天|{small}个月|将近{small}年|{tens}多天|大约{small}个小时",
    honorific="先生|女士|教授|老师|主任|医生",
    weekday="星期一|星期二|星期三|星期四|星期五|星期六|星期日",
    month="一|二|三|四|五|六|七|八|九|十|十一|十二",
    last="王|李|张|刘|陈|杨|赵|黄|周|吴|徐|孙|胡|朱|高|林|何|郭|马|罗|梁|宋|郑|谢",
    first="建国|秀英|志强|晓明|丽华|文博|海燕|国庆|雪梅|子涵|思远|春兰|俊杰|雨欣|德华|美玲|永康|静怡|立新|玉珍|浩然|佳宁",
    town="北京|上海|杭州|苏州|成都|西安|南京|广州|昆明|桂林|青岛|洛阳|厦门|大连|敦煌|绍兴|开封|重庆|武汉|长沙|哈尔滨|扬州|泉州|贵阳",
)  # fmt: skip

TOPICS: dict[str, Slots] = {
    "history": slots(
        noun="城墙|宫殿|寺庙|古桥|书信|铜镜|石碑|陵墓|瓷器|古画|铜钱|地图|家谱|书院|塔楼|手稿|丝绸|壁画|兵器|竹简",
        adj="古老|破旧|珍贵|精美|神秘|失传|完整|雄伟|残缺|唐代|宋代|明代|清代|皇家|民间|石刻|金色|罕见",
        did="修复|发现|研究|保护|收藏|描述|出售|挖掘|记录|复制|参观|捐赠|鉴定|拍摄|翻译|继承",
        agent="馆长|历史学家|县长|考古学家|工匠|僧人|收藏家|研究员|老教师|导游",
        agents="学者们|居民们|游客们|工匠们|学生们|考古队员|商人们|专家们",
        craft="考古工作|地方史研究|文物修复|古籍整理|历史教学",
        where="在博物馆里|在古城中心|在河边|在山顶上|在档案馆|在城门外|在地下室|在寺庙后面|在老街上|在边境地区",
        measure="座|件|幅|块|本|处|封",
    ),
    "cooking": slots(
        noun="饺子|面条|豆腐|米饭|红烧肉|汤圆|包子|青菜|鱼汤|点心|火锅|月饼|烤鸭|茶叶|咸菜|粽子|馒头|辣椒酱|糖醋鱼|春卷",
        adj="香辣|新鲜|清淡|酥脆|甜美|可口|传统|热腾腾|家常|地道|酸甜|油炸|清蒸|冰凉|浓郁|软嫩|自制|烧焦",
        did="准备|品尝|制作|出售|购买|赞美|分享|蒸熟|炒好|调味|端上|加热|推荐|切开|腌制|订购",
        agent="厨师|老板|奶奶|服务员|面点师傅|美食家|茶农|渔夫|农民|邻居",
        agents="客人们|厨师们|学生们|孩子们|邻居们|顾客们|村民们|学徒们",
        craft="烹饪|做面点|种茶|家常菜|传统小吃",
        where="在厨房里|在夜市上|在火炉旁|在餐桌上|在茶馆里|在菜市场|在港口的饭馆|在院子里|在老家|在小店里",
        measure="盘|碗|份|种|锅|盒|道",
    ),
    "technology": slots(
        noun="机器人|电脑|手机|电池|软件|卫星|传感器|服务器|芯片|汽车|数据库|网络|发动机|屏幕|程序|打印机|摄像头|无人机|电路板|算法",
        adj="智能|先进|过时|便携|损坏|自动|节能|无线|现代|高速|加密|安静|国产|廉价|新型|复杂|小型|实验",
        did="测试|设计|修理|安装|改进|更换|测量|购买|研发|连接|升级|拆开|介绍|生产|编写|检查",
        agent="工程师|技术员|程序员|发明家|经理|研究员|教授|电工|司机|设计师",
        agents="工程师们|用户们|研究人员|学生们|工人们|顾客们|专家们|开发者们",
        craft="人工智能|软件开发|机械制造|电子技术|网络安全",
        where="在实验室里|在工厂里|在机房里|在大学里|在展览会上|在车间|在办公室|在网络上|在生产线上|在郊外的基地",
        measure="台|种|套|批|个|款|块",
    ),
    "nature": slots(
        noun="大熊猫|森林|湖泊|雪山|候鸟|竹林|草原|瀑布|蝴蝶|老虎|荷花|梅花|海岛|溪流|湿地|山谷|金丝猴|银杏树|沙漠|珊瑚",
        adj="稀有|野生|潮湿|寒冷|宁静|濒危|茂密|遥远|清澈|美丽|巨大|年幼|受伤|偏僻|绿色|盛开|高山|古老",
        did="观察|保护|拍摄|探索|种植|数过|描绘|穿过|清理|救助|研究|欣赏|介绍|追踪|记录|照顾",
        agent="护林员|生物学家|摄影师|牧民|园丁|导游|渔民|养蜂人|科学家|画家",
        agents="游客们|牧民们|志愿者们|孩子们|科学家们|村民们|登山者们|画家们",
        craft="环境保护|观鸟|登山|园艺|野外摄影",
        where="在保护区里|在湖边|在山脚下|在森林深处|在海边|在高原上|在植物园|在河谷里|在村子后面|在雨林中",
        measure="片|处|只|座|种|棵|条",
    ),
}  # fmt: skip

CHROME = slots(
    nav="首页|新闻|关于我们|联系我们|档案|活动|商店|图片|论坛|帮助|登录|天气",
    cookie="本网站使用 Cookie 来改善您的体验。|继续浏览即表示您同意我们使用 Cookie。",
    accept="全部接受|同意|设置",
    related="相关文章|您可能还喜欢|热门阅读",
    rights="版权所有。|隐私政策与使用条款",
    comments="谢谢分享！|很有意思。|我不太同意。",
    search="搜索",
    script="请启用脚本。",
)

GRAMMAR = Grammar(code="zh", slots=GENERAL, topics=TOPICS, chrome=CHROME, encodings=("gb18030", "utf-8", "gbk"), gap="")
