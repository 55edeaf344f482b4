"""One writing for the many ways to write the same address characters."""

from __future__ import annotations

import re

# Traditional and unofficial forms that occur in addresses; one character each, so that lengths stay.
_TRADITIONAL = (
    "臺台灣湾號号樓楼層层區区縣县鄉乡鎮镇東东門门陽阳園园廣广場场橋桥龍龙灘滩濱滨蘭兰蘇苏遼辽寧宁貴贵雲云陝陕肅肃"
    "慶庆雙双單单從从來来開开發发經经濟济術术學学醫医館馆圖图書书銀银車车運运輸输電电業业廠厂華华國国際际會会員员"
    "處处務务衛卫馬马鳳凤鷺鹭鶴鹤鴻鸿鵬鹏麗丽義义烏乌溫温嶺岭興兴紹绍諸诸楓枫麥麦倉仓莊庄壩坝壢坜壽寿聖圣聯联職职"
    "蓮莲葉叶蔣蒋蕭萧薩萨藍蓝蘆芦調调談谈課课論论諾诺謝谢識识議议護护豐丰貝贝財财貢贡貨货賓宾賢贤質质購购贊赞趙赵"
    "躍跃軍军軟软輪轮農农邊边郵邮鄭郑鄧邓鄰邻醬酱釋释釣钓鈴铃鋼钢錢钱錦锦鍋锅鎖锁鏡镜鐘钟鐵铁長长閃闪閒闲間间閘闸"
    "閣阁闊阔關关隊队階阶險险隱隐雜杂離离難难霧雾靈灵靜静韓韩順顺領领頭头題题風风飛飞飯饭飲饮養养餘余駐驻騎骑驗验"
    "驛驿魚鱼鮮鲜鳥鸟鷹鹰鹽盐麵面黃黄點点齊齐齡龄億亿個个倫伦偉伟備备傑杰傳传傷伤僑侨儀仪優优兒儿內内兩两冊册凱凯"
    "則则剛刚創创劃划劇剧劉刘劍剑勝胜勞劳勢势勵励勳勋匯汇協协卻却厲厉參参吳吴問问啟启喬乔嘯啸嚴严圍围圓圆團团執执"
    "堅坚塊块塢坞塵尘墊垫墳坟壇坛壓压壘垒壯壮壺壶夢梦夾夹奧奥婦妇媽妈嬌娇孫孙實实寢寝審审寬宽寶宝將将專专尋寻對对"
    "導导屬属岡冈島岛峽峡嶼屿巒峦帥帅師师帶带幣币幫帮幹干庫库廂厢廈厦廟庙廬庐廳厅張张強强彈弹彎弯徑径後后復复徵征"
    "恆恒愛爱憲宪應应懷怀戲戏戰战戶户拋抛掃扫揚扬換换擊击擔担據据攤摊敵敌數数斷断於于時时晉晋曉晓曆历朧胧條条棟栋"
    "棗枣棧栈極极榮荣構构槍枪樁桩樂乐標标樞枢樣样樹树橫横機机檔档檜桧檢检櫃柜權权欄栏歐欧歲岁歷历歸归殼壳毀毁氣气"
    "決决沒没沖冲況况洩泄涇泾涼凉淨净淵渊淺浅渦涡測测渾浑湯汤溝沟滄沧滅灭滬沪滿满漁渔漢汉漣涟漿浆潔洁潛潜潤润潯浔"
    "澤泽濁浊濕湿瀏浏瀘泸瀾澜灑洒災灾為为無无煙烟煉炼熱热燈灯燒烧營营爐炉爭争爺爷牆墙狀状獅狮獎奖獨独獻献環环現现"
    "瑪玛瑤瑶璽玺瓊琼產产畝亩畢毕畫画異异當当療疗瘋疯癒愈盜盗盡尽監监盤盘眾众睏困矯矫碼码磚砖礎础礦矿祿禄禍祸禎祯"
    "禪禅禮礼種种稱称穀谷積积穩稳窩窝窯窑竇窦筆笔節节範范築筑簡简籃篮糧粮糞粪純纯紅红約约級级紀纪納纳紙纸紡纺細细"
    "終终組组結结絕绝給给絨绒統统絲丝綠绿維维網网緊紧緒绪線线緣缘編编緯纬練练縱纵總总績绩織织繞绕繡绣繩绳繼继續续"
    "纖纤罷罢羅罗聲声聽听腦脑腳脚膠胶臨临舉举舊旧艙舱艦舰藝艺藥药蘋苹虛虚蝦虾衝冲裏里裝装製制複复見见規规視视親亲"
    "覺觉覽览觀观計计訂订訓训記记設设許许訴诉診诊証证評评試试詩诗話话該该詳详誠诚誤误說说請请諒谅證证譚谭譜谱譯译"
    "讀读變变讓让穎颖濰潍濼泺滎荥澗涧潁颍埡垭堝埚塋茔崗岗崙仑嵗岁巖岩峯峰羣群裡里邨村衖弄滙汇舖铺畧略粧妆牀床傢家"
    "佈布佔占併并俁俣僱雇姦奸恥耻慾欲掛挂採采榦干註注鬥斗搂楼憧幢撞幢萬万與与遠远進进過过達达連连還还選选鄒邹鄔邬"
    "鄲郸閩闽贛赣隴陇儲储兗兖萊莱蕪芜賀贺賈贾轄辖鋪铺錫锡銅铜銘铭閔闵闐阗雞鸡鷄鸡項项顏颜駱骆駿骏騰腾魯鲁鮑鲍鯉鲤"
    "鶯莺龐庞亞亚側侧壟垄娛娱寫写嶽岳幾几徹彻悅悦擁拥擴扩楊杨歡欢煥焕爾尔瑩莹盧卢競竞紐纽綿绵習习艷艳葦苇蔭荫訪访"
    "誌志賴赖跡迹輝辉鋒锋鍾钟隨随韋韦頤颐顧顾顯显飾饰馮冯駝驼駕驾鴨鸭鵝鹅鵲鹊龜龟薊蓟瀋沈侖仑滸浒甌瓯紮扎瀝沥鎬镐"
    "墻墙"
)
_PAIRS = dict(zip(_TRADITIONAL[::2], _TRADITIONAL[1::2], strict=True))
_WIDTH = {chr(0xFEE0 + code): chr(code) for code in range(0x21, 0x7F)}
_DASHES = dict.fromkeys("‐‑‒–—―−─━－﹣ー~～〜至", "-") | {"至": "至"}
_SEPARATORS = dict.fromkeys("　\t\r\n\v\f,;:!?|_/\\\"'`·。，、；：！？“”‘’「」『』《》<>…^$%*=+", " ")
_BRACKETS = {"【": "(", "】": ")", "[": "(", "]": ")", "{": "(", "}": ")", "〔": "(", "〕": ")", "〈": "(", "〉": ")"}
_CIRCLED = {chr(0x2460 + n): str(n + 1) for n in range(20)}
_PLAIN = _PAIRS | _SEPARATORS | _BRACKETS | _DASHES | _CIRCLED
_TABLE = str.maketrans(_PLAIN | {wide: _PLAIN.get(thin, thin) for wide, thin in _WIDTH.items()})

_NOISE = re.compile(
    r"(?<!\d)(?:\+?86-?)?1[3-9]\d{9}(?!\d)"  # mobile numbers
    r"|(?<!\d)0\d{2,3}-\d{7,8}(?!\d)|(?<!\d)400-?\d{3,4}-?\d{3,4}(?!\d)"
    r"|请?(?:打电话|电话联系|电联|联系电话|手机号?码?|收货人|(?:详细|收货|收件|家庭|联系|单位|现住|案发|事发)?地址|位于)"
    r"|(?<![A-Za-z])(?:null|NULL|None|nan)(?![A-Za-z])"
)
_MAY_BE_NOISE = re.compile(r"[址话联收手位]|[nN][uUoOaA]|[0-9]{7}|400")
_ONE_AS_DASH = re.compile(r"(?<=[0-9A-Za-z])一(?=[0-9])")
_STRAY_DASH = re.compile(r"(?<![0-9A-Za-z号])-|-(?![0-9A-Za-z])")
_HASH = re.compile(r"(?<![0-9A-Za-z])#|#(?!号)|(?<=[0-9A-Za-z])#(?=号)")
_SPACES = re.compile(r" +")
_LOOSE = re.compile(r"(?<=[^ \x00-\x7f]) (?=[0-9A-Za-z])|(?<=[0-9A-Za-z]) (?=[^ \x00-\x7f])")


def normalise(text: str) -> str:
    """Give the address in half-width, simplified characters with one kind of dash, space and bracket.

    Punctuation becomes a space, spaces between a number and a Chinese character vanish, and what is no
    part of an address goes: telephone numbers, labels such as 地址 and "null". Doing it twice changes
    nothing. Every field that `parse` finds is a part of this text, except completed names.

    >>> normalise("臺州市　椒江區，解放路１２號")
    '台州市 椒江区 解放路12号'
    """
    plain = text.translate(_TABLE)
    while True:  # taking noise away may bring new noise together, so until nothing changes
        before = plain
        if _MAY_BE_NOISE.search(plain):
            plain = _NOISE.sub(" ", plain)
        if "一" in plain:
            plain = _ONE_AS_DASH.sub("-", plain)
        if "#" in plain:
            plain = _HASH.sub("号", plain)
        if "-" in plain:
            plain = _STRAY_DASH.sub(" ", plain)
        if " " in plain:
            plain = _LOOSE.sub("", _SPACES.sub(" ", plain)).strip()
        if plain == before:
            return plain
